/** Walks a page: how readable its words are, which controls there are, which of them has the focus. */
window.walk = (() => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 1, height: 1 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();

  /** Any colour that CSS knows as [red, green, blue, alpha], 0 to 255 and 0 to 1. */
  function colour(text) {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = "#000";
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  }

  const over = ([r, g, b, a], under) => [r, g, b].map((part, index) => part * a + under[index] * (1 - a));

  function luminance(rgb) {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  function chain(element) {
    const found = [];
    for (let node = element; node; node = node.parentElement) found.push(node);
    return found;
  }

  /** What is behind an element: the grounds of all around it, the nearest on top, each as opaque as it is. */
  function ground(element) {
    let result = [255, 255, 255];
    let opacity = 1;
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    for (const node of chain(element).reverse()) {
      const style = getComputedStyle(node);
      const box = node.getBoundingClientRect();
      // As the number of a slider, which stands above the thumb that it belongs to.
      const beside = style.overflowY === "visible" && (x < box.left || x > box.right || y < box.top || y > box.bottom);
      if (beside && !node.contains(document.body)) continue;
      opacity *= Number(style.opacity);
      const [r, g, b, a] = colour(style.backgroundColor);
      result = over([r, g, b, a * opacity], result);
    }
    return result;
  }

  const opacityOf = (element) => chain(element).reduce((product, node) => product * Number(getComputedStyle(node).opacity), 1);
  const where = (element) => `${element.tagName.toLowerCase()}.${[...element.classList].slice(0, 3).join(".")} in ${element.closest("[class*='s'][data-testid], .ss-race, .sp-probes, .sl-lab")?.className?.toString().slice(0, 40) ?? ""}`;

  function seen(element) {
    // A stage covers the page, and keeps the focus; so does a dialog, beside which Streamlit says it can be dismissed.
    const front = [...document.querySelectorAll(".ss-presenting, [role='dialog'][aria-modal='true'], section[role='dialog']")].at(-1);
    if (front && !front.contains(element)) return false;
    if (element.tabIndex < 0 && element.ariaLabel === "Dismiss") return false;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2 || box.right < 0 || box.bottom + scrollY < 0) return false;
    return element.checkVisibility({ visibilityProperty: true }) && opacityOf(element) > 0.1;
  }

  function texts() {
    const found = [];
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) {
      const text = nodes.currentNode.textContent.trim();
      const element = nodes.currentNode.parentElement;
      if (!text || !element || ["SCRIPT", "STYLE", "OPTION", "OPTGROUP", "TITLE", "NOSCRIPT"].includes(element.tagName) || !seen(element)) continue;
      // Words over the map lie on an image and have a halo of their own, numbers in coloured cells an ink that is tested
      // by itself; what cannot be used need not be read.
      if (element.closest(":disabled, [aria-disabled='true'], .sp-end, .textpoint, .hoverlayer")) continue;
      const style = getComputedStyle(element);
      const svg = element instanceof SVGElement;
      const [r, g, b, a] = colour(svg ? style.fill : style.color);
      const under = ground(element);
      const shown = over([r, g, b, a * opacityOf(element) * (svg ? Number(style.fillOpacity) : 1)], under);
      const px = parseFloat(style.fontSize);
      const large = px >= 24 || (px >= 18.66 && Number(style.fontWeight) >= 700);
      // A mark is a graphic, not a word.
      const icon = /material symbols/i.test(style.fontFamily) || !/[\p{L}\p{N}]/u.test(text);
      found.push({ ratio: contrast(shown, under), least: large || icon ? 3 : 4.5, text: text.slice(0, 40), where: where(element) });
    }
    return found;
  }

  const CONTROLS = "button, input, select, textarea, summary, a[href], [role='button'], [role='radio'], [role='slider'], [role='switch'], [role='combobox'], [role='tab']";

  function controls() {
    const groups = new Map();
    return [...document.querySelectorAll(CONTROLS)].filter((element) => {
      // The chart's own small buttons are for the pointer; the arrow of a combobox is one with its field.
      const arrow = element.tabIndex < 0 && element.parentElement?.querySelector("[role='combobox']");
      return seen(element) && !arrow && !element.closest(":disabled, [aria-hidden='true'], .modebar") && !element.querySelector(CONTROLS);
    }).map((element, index) => {
      element.dataset.walk = index;
      const group = element.closest("[role='radiogroup'], [role='toolbar']") ?? (element.type === "radio" ? element.name : null);
      if (group && !groups.has(group)) groups.set(group, groups.size);
      return { index, group: group ? groups.get(group) : null, text: (element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40), where: where(element) };
    });
  }

  /** The number of the control that has the focus; "end" when the focus has left the page; null on anything else. */
  function focused() {
    const element = document.activeElement;
    if (!element || element === document.body) return "end";
    const found = element.closest("[data-walk]") ?? element.querySelector("[data-walk]");
    return found ? Number(found.dataset.walk) : null;
  }

  /** Let the next Tab go to the first control: a blur alone goes on from where the focus was. */
  function restart() {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  }

  return { texts, controls, focused, restart };
})();
