/** Files that the server makes: fetched with their progress, then given to the browser to save. */

/** A saved address may be needed for a moment after the click. */
const KEPT_MS = 10_000;

/**
 * Fetch a file and save it under the name that the server gave it. onShare hears which share of it has come, 0 to 1. Throws
 * an Error with the server's line for a refused request, and where the connection ends before the file does.
 * @param {string} address
 * @param {(share: number) => void} onShare
 */
export async function saveFrom(address, onShare) {
  const answer = await fetch(address);
  if (!answer.ok || !answer.body) throw new Error(await answer.text());
  const size = Number(answer.headers.get("content-length"));
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let come = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    come += part.value.length;
    if (size) onShare(Math.min(1, come / size));
  }
  if (size && come < size) throw new Error("the connection ended before the file did");
  const file = URL.createObjectURL(new Blob(parts, { type: answer.headers.get("content-type") ?? "" }));
  const link = document.createElement("a");
  Object.assign(link, { href: file, download: fileName(answer.headers.get("content-disposition") ?? "") });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(file), KEPT_MS);
}

/**
 * The name in a header such as: attachment; filename="skipscope-runs-1.csv".
 * @param {string} disposition
 * @returns {string}
 */
export function fileName(disposition) {
  return /filename="([^"/\\]+)"/.exec(disposition)?.[1] ?? "skipscope";
}
