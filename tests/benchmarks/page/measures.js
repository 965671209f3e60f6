/** Measures a page as it stands in the window: room of the plots, what is above the fold, texts on each other, sentences. */
window.measures = (() => {
  const box = (element) => element.getBoundingClientRect();
  const inWindow = ({ left, right, top, bottom }) => Math.max(0, Math.min(right, innerWidth) - Math.max(left, 0)) * Math.max(0, Math.min(bottom, innerHeight) - Math.max(top, 0));

  /** The stage that covers the page, if there is one; what is below it nobody sees. */
  const stage = () => document.querySelector(".ss-presenting");

  /** What lies in front of the page, with a ground of its own. */
  const FRONT = "[role=dialog], [role=tooltip], [data-baseweb=popover], header, [data-testid=stSidebar], :has(> .st-key-start_bar), .ss-meaning";

  function shown(element) {
    if (stage() && !stage().contains(element)) return false;
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest("[aria-hidden='true'], details:not([open]) > :not(summary), .js-plotly-tester, [inert]");
  }

  /** The share of the window inside the axes of all plots, as much of them as is in the window. */
  function plotShare() {
    let sum = 0;
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (!shown(plot) || !plot._fullLayout?._plots) continue;
      const { left, top, width } = box(plot);
      const scale = width / plot._fullLayout.width; // a stage enlarges what is on it
      for (const { xaxis, yaxis } of Object.values(plot._fullLayout._plots)) {
        const [x, y] = [left + scale * xaxis._offset, top + scale * yaxis._offset];
        sum += inWindow({ left: x, right: x + scale * xaxis._length, top: y, bottom: y + scale * yaxis._length });
      }
    }
    return sum / (innerWidth * innerHeight);
  }

  /** How far below the window each of these ends, in pixels; 0 for what is all in the window, null where there is none. */
  function below(selectors) {
    return Object.fromEntries(selectors.map((selector) => {
      const found = [...document.querySelectorAll(selector)].filter((element) => shown(element) && box(element).height);
      return [selector, found.length ? Math.max(0, Math.round(Math.max(...found.map((element) => box(element).bottom)) - innerHeight)) : null];
    }));
  }

  /** Text nodes with the boxes of their lines. */
  function* lines() {
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) {
      const element = nodes.currentNode.parentElement;
      const text = nodes.currentNode.textContent.trim();
      if (!text || !element || ["SCRIPT", "STYLE", "OPTION", "TITLE", "NOSCRIPT"].includes(element.tagName) || !shown(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(nodes.currentNode);
      for (const rect of range.getClientRects()) {
        const clipped = clip(rect, element);
        if (clipped.right - clipped.left > 2 && clipped.bottom - clipped.top > 2) yield { text, element, rect: clipped };
      }
    }
  }

  /** What of a box is left by those around it that scroll or hide what is too much; the page itself counts whole. */
  function clip(rect, element) {
    let { left, right, top, bottom } = rect;
    for (let node = element; node && node !== document.body && node.dataset.testid !== "stMain"; node = node.parentElement) {
      const { overflowX, overflowY, position } = getComputedStyle(node);
      if (node instanceof SVGElement && !(node instanceof SVGSVGElement)) continue;
      const around = box(node);
      if (overflowX !== "visible") [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
      if (overflowY !== "visible") [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
      if (position === "fixed") break;
    }
    return { left, right, top, bottom };
  }

  /** Pairs of visible texts of which one lies more than 2 px on the other, in both directions. */
  function overlaps() {
    const all = [...lines()];
    const found = [];
    all.forEach((one, index) => {
      for (const other of all.slice(index + 1)) {
        if (one.element === other.element || one.element.contains(other.element) || other.element.contains(one.element)) continue;
        const [left, right] = [Math.max(one.rect.left, other.rect.left), Math.min(one.rect.right, other.rect.right)];
        const [top, bottom] = [Math.max(one.rect.top, other.rect.top), Math.min(one.rect.bottom, other.rect.bottom)];
        // The box of a line is taller than its letters; a tight line height lets boxes meet, not letters.
        const slack = 0.25 * Math.min(one.rect.bottom - one.rect.top, other.rect.bottom - other.rect.top);
        const middle = [(left + right) / 2, (top + bottom) / 2];
        if (right - left > 2 && bottom - top > 2 + slack && !covered(one.element, ...middle) && !covered(other.element, ...middle)) {
          found.push(`${one.text.slice(0, 40)} | ${other.text.slice(0, 40)}`);
        }
      }
    });
    return [...new Set(found)];
  }

  /** Whether something in front of the page lies on an element there: a menu, a dialog, a bar that stays in its place. */
  function covered(element, x, y) {
    for (let node = document.elementFromPoint(x, y); node && !node.contains(element) && !element.contains(node); node = node.parentElement) {
      if (node.matches(FRONT)) return true;
    }
    return false;
  }

  /** The texts of blocks, one each, as they are read: a sentence does not go on in the next block. */
  function blocks(root = stage() ?? document.body) {
    const found = new Map();
    const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) {
      const element = nodes.currentNode.parentElement;
      if (!element || element.closest("svg, script, style, code, pre, table, select") || !shown(element)) continue;
      let block = element;
      while (block !== root && getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
      found.set(block, (found.get(block) ?? "") + nodes.currentNode.textContent);
    }
    return [...found.values()].map((text) => text.replace(/\s+/g, " ").trim()).filter(Boolean);
  }

  /** How high the page is: what is in the part that scrolls. */
  function height() {
    const main = document.querySelector("[data-testid=stMain]");
    return Math.max(main?.scrollHeight ?? 0, document.documentElement.scrollHeight);
  }

  return { plotShare, below, overlaps, blocks, height };
})();
