/**
 * As much of a page's elements as the modules under test ask for, without a browser: a tree of nodes with texts,
 * attributes, classes and handlers. It draws nothing and lays nothing out.
 */
class ClassList {
  constructor(node) {
    this.node = node;
  }

  get names() {
    return this.node.className.split(" ").filter(Boolean);
  }

  contains(name) {
    return this.names.includes(name);
  }

  add(...names) {
    this.node.className = [...new Set([...this.names, ...names])].join(" ");
  }

  remove(...names) {
    this.node.className = this.names.filter((name) => !names.includes(name)).join(" ");
  }

  toggle(name, on = !this.contains(name)) {
    if (on) this.add(name);
    else this.remove(name);
  }
}

export class Node {
  constructor(tag) {
    Object.assign(this, { tagName: tag.toUpperCase(), className: "", children: [], parentElement: null, attributes: {}, dataset: {}, handlers: {}, hidden: false, own: "" });
    const properties = {};
    this.style = { properties, setProperty: (name, value) => (properties[name] = String(value)) };
    this.classList = new ClassList(this);
  }

  get textContent() {
    return this.children.length ? this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("") : this.own;
  }

  set textContent(text) {
    this.replaceChildren();
    this.own = String(text);
  }

  get childElementCount() {
    return this.children.length;
  }

  get lastChild() {
    return this.children.at(-1);
  }

  append(...nodes) {
    this.#adopt(nodes);
    this.children.push(...nodes);
  }

  prepend(...nodes) {
    this.#adopt(nodes);
    this.children.unshift(...nodes);
  }

  insertBefore(node, next) {
    this.#adopt([node]);
    this.children.splice(next ? this.children.indexOf(next) : this.children.length, 0, node);
  }

  replaceChildren(...nodes) {
    this.#adopt(nodes);
    this.children = nodes;
    this.own = "";
  }

  remove() {
    if (this.parentElement) this.parentElement.children = this.parentElement.children.filter((child) => child !== this);
  }

  #adopt(nodes) {
    for (const node of nodes) if (node instanceof Node) node.parentElement = this;
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  addEventListener(name, handler) {
    (this.handlers[name] ??= []).push(handler);
  }

  focus() {
    globalThis.document.activeElement = this;
  }

  /** Only `tag` and `.class`, as in the two below. */
  matches(selector) {
    return selector.startsWith(".") ? this.classList.contains(selector.slice(1)) : this.tagName === selector.toUpperCase();
  }

  closest(selector) {
    return this.matches(selector) ? this : (this.parentElement?.closest(selector) ?? null);
  }

  querySelectorAll(selector) {
    return this.children.filter((child) => child instanceof Node).flatMap((child) => [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]);
  }

  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
}

/** Give the modules a document. Returns part(name), which makes each named element once. */
export function page() {
  globalThis.document = {
    hidden: false, activeElement: null,
    createElement: (tag) => new Node(tag), createElementNS: (_space, tag) => new Node(tag),
    addEventListener() {}, removeEventListener() {},
  };
  const parts = new Map();
  return (name) => parts.get(name) ?? parts.set(name, new Node("div")).get(name);
}

/** Give the modules an address and a tab with a memory of its own; nothing is written later than at once. */
export function tab(search = "") {
  const kept = new Map();
  globalThis.location = { search, pathname: "/", href: `http://page.test/${search}` };
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)) };
  globalThis.window = { addEventListener() {}, removeEventListener() {} };
  globalThis.history = { state: null, replaceState: (_state, _title, url) => Object.assign(globalThis.location, { href: String(url), search: new URL(url).search }) };
  return kept;
}
