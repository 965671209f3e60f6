/**
 * An element as a full-window stage: in front of everything of the page, with the keyboard's focus kept inside. The
 * element does not move in the document, so the script's reruns do not touch it.
 */
const FOCUSABLE = 'button, a[href], input, select, [tabindex="0"]';

export class Fullscreen {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.on = this.full = false;
    /** @type {[Element, number][]} */
    this.scrolled = [];
    /** @param {FocusEvent} event */
    this.onFocus = ({ target }) => this.host.contains(/** @type {Node} */ (target)) || this.host.focus({ preventScroll: true });
    // What the chart or a button leaves to others is not for the page below: it has short cuts of its own.
    /** @param {KeyboardEvent} event */
    this.onKey = (event) => event.stopPropagation();
  }

  /** Stay in the page while another stage is in front: two would take the focus from each other. */
  enter() {
    const { host } = this;
    const other = document.querySelector(".ss-presenting");
    if (this.on || (other && other !== host)) return;
    this.on = true;
    this.left = host.parentElement;
    // The page below keeps its length, and with it its place.
    if (this.left) this.left.style.minHeight = `${host.offsetHeight}px`;
    this.scrolled = scrollers(host).map((node) => [node, node.scrollTop]);
    host.classList.add("ss-presenting");
    host.tabIndex = -1;
    if ("showPopover" in host) {
      host.popover = "manual";
      host.showPopover(); // the top layer: above every z-index, untouched by what the page does to its parents
    }
    host.focus({ preventScroll: true });
    host.addEventListener("keydown", this.onKey);
    document.addEventListener("focusin", this.onFocus);
  }

  leave() {
    if (!this.on) return;
    const { host } = this;
    this.on = false;
    host.removeEventListener("keydown", this.onKey);
    document.removeEventListener("focusin", this.onFocus);
    if (this.full && document.fullscreenElement) document.exitFullscreen().catch(() => {});
    if (host.popover) host.hidePopover();
    host.removeAttribute("popover");
    host.removeAttribute("tabindex");
    host.classList.remove("ss-presenting");
    if (this.left) this.left.style.minHeight = "";
    for (const [node, top] of this.scrolled) node.scrollTop = top;
  }

  /**
   * The whole document goes full screen: an element of the top layer may not, and stays in front all the same. Resolves
   * to what a person is told.
   */
  async toggleFull() {
    this.full = true;
    try {
      await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
      return "";
    } catch (error) {
      return `This browser refuses full screen (${error instanceof Error ? error.message : error}); its own key, often F11, may do it.`;
    }
  }

  /**
   * Tab goes round within the stage.
   * @param {KeyboardEvent} event
   */
  tab(event) {
    const nodes = /** @type {HTMLElement[]} */ ([...this.host.querySelectorAll(FOCUSABLE)]);
    const stops = nodes.filter((node) => node.tabIndex >= 0 && node.checkVisibility({ visibilityProperty: true }));
    const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = event.shiftKey ? (at <= 0 ? stops.length - 1 : at - 1) : (at + 1) % stops.length;
    stops[next]?.focus();
  }
}

/** @param {Element} node */
function scrollers(node) {
  const nodes = [];
  for (let at = node.parentElement; at; at = at.parentElement) if (at.scrollTop) nodes.push(at);
  return nodes;
}
