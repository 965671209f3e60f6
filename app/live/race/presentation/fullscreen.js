/**
 * The component as a full-window stage: in front of everything of the page, with the keyboard's focus kept inside. The
 * element does not move in the document, so the script's reruns do not touch it.
 */
const FOCUSABLE = 'button, a[href], [tabindex="0"]';

export class Fullscreen {
  constructor(host) {
    this.host = host;
    this.on = false;
    this.onFocus = ({ target }) => this.host.contains(target) || this.host.focus({ preventScroll: true });
    // What the chart or a button leaves to others is not for the page below: it has short cuts of its own.
    this.onKey = (event) => event.stopPropagation();
  }

  enter() {
    if (this.on) return;
    const { host } = this;
    this.on = true;
    this.left = host.parentElement;
    // The page below keeps its length, and with it its place.
    this.left.style.minHeight = `${host.offsetHeight}px`;
    this.scrolled = scrollers(host).map((node) => [node, node.scrollTop]);
    host.classList.add("ss-presenting");
    host.tabIndex = -1;
    if (host.showPopover) {
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
    this.left.style.minHeight = "";
    for (const [node, top] of this.scrolled) node.scrollTop = top;
  }

  /** The whole document goes full screen: an element of the top layer may not, and stays in front all the same. */
  async toggleFull() {
    this.full = true;
    try {
      await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
      return "";
    } catch (error) {
      return `This browser refuses full screen (${error.message}); its own key, often F11, may do it.`;
    }
  }

  /** Tab goes round within the stage. */
  tab(event) {
    const stops = [...this.host.querySelectorAll(FOCUSABLE)].filter((node) => node.tabIndex >= 0 && node.checkVisibility({ visibilityProperty: true }));
    const at = stops.indexOf(document.activeElement);
    const next = event.shiftKey ? (at <= 0 ? stops.length - 1 : at - 1) : (at + 1) % stops.length;
    stops[next]?.focus();
  }
}

function scrollers(node) {
  const nodes = [];
  for (let at = node.parentElement; at; at = at.parentElement) if (at.scrollTop) nodes.push(at);
  return nodes;
}
