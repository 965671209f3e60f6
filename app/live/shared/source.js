/**
 * Where the documents come from that a page asks for by address: from its server, or from the page itself. An offline file
 * (app/live/offline) has no server: it answers from what it holds, all of it is recorded, and nothing follows.
 */

/** @typedef {(address: URL) => Promise<string>} Answer resolves to a document as text, rejects with a line about why there is none */

/** @type {Answer | null} */
let own = null;

/**
 * From now on this page answers itself.
 * @param {Answer | null} answer
 */
export function serveFrom(answer) {
  own = answer;
}

/** Whether this page is a file without a server. */
export function isOffline() {
  return own !== null;
}

/**
 * As fetch: a document by its address.
 * @type {(address: string, options?: RequestInit) => Promise<Response>}
 */
export async function request(address, options) {
  if (!own) return fetch(address, options);
  try {
    return new Response(await own(new URL(address, "file:///")), { headers: { "content-type": "application/json" } });
  } catch (error) {
    return new Response(error instanceof Error ? error.message : String(error), { status: 404 });
  }
}
