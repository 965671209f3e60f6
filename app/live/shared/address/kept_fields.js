/** Properties of an object that are kept in the address: how each is read from its parameter, and how it is written. */
/** @import { UrlState } from "./url_state.js" */
/** @typedef {{ read: (text: string | null) => any, write?: (value: any) => string | null }} Field `write` gives null for what is usual */

/** @type {Field} */
export const TEXT = { read: (text) => text };
/** @type {Field} */
export const NUMBER = { read: (text) => (text && Number.isFinite(Number(text)) ? Number(text) : null) };
/** @type {Field} */
export const FLAG = { read: (text) => text === "1", write: (on) => (on ? "1" : null) };

/**
 * A whole number of at least so much, null for anything else.
 * @param {number} least
 * @returns {Field}
 */
export function whole(least) {
  return { read: (text) => (/^\d{1,12}$/.test(text ?? "") && Number(text) >= least ? Number(text) : null) };
}

/**
 * Give an object these properties. Each stands in the address under its name behind the prefix; null takes it away.
 * @param {object} target
 * @param {UrlState} address
 * @param {Record<string, Field>} fields
 * @param {string} [prefix]
 */
export function keepFields(target, address, fields, prefix = "") {
  for (const [name, { read, write = String }] of Object.entries(fields)) {
    const key = prefix + name;
    Object.defineProperty(target, name, {
      get: () => read(address.get(key)),
      set(value) { address.put(key, value === null ? null : write(value)); },
    });
  }
}
