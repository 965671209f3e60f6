/** What became of every test, a line of JSON each, for test_browser_modules.py. */
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const error = data.details?.error?.cause ?? data.details?.error;
    yield `${JSON.stringify({ file: data.file, name: data.name, passed: type === "test:pass", skipped: data.skip ?? false, error: error?.stack ?? (error && String(error)) })}\n`;
  }
}
