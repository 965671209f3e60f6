/** The menu of what can be exported: the command that repeats the race, a link, a script, a picture, a table, files of the runs. */
import { withStored } from "../chart/curves.js";
import { captionOf, legendOf } from "../chart/legend.js";
import { exportCsv } from "./csv.js";
import { ScriptTool } from "./script.js";
import { closing } from "../../shared/dom.js";
import { download, exportImage } from "../../shared/export/image.js";
import { copyText } from "../../shared/export/clipboard.js";
import { saveFrom } from "../../shared/export/file.js";
import { isOffline } from "../../shared/source.js";
import { markedCaption, markedFile, markedTable, markedTitle } from "../../shared/replay/marks.js";

/** How long a button says that it has done its work. */
const SAID_MS = 2_000;
/** Files that the server makes. */
const FILES = ["bundle", "html", "report", "csv", "parquet", "tensorboard"];

export class ExportTools {
  /** part(name): the element of that name; painted(): as `seen`, of the chart as it was drawn last; seen(): { runs, view, theme, title, command, images: their name, exports: the address of files, and the runs in them, replay: its words, "" when nothing is played } as drawn now. */
  constructor(part, seen, painted = seen) {
    Object.assign(this, { part, seen, painted });
    this.menu = part("export");
    this.stop = closing(this.menu);
    this.script = new ScriptTool(part, () => this.seen().exports.address);
    this.#button("copy-command", async () => {
      const { command, runs } = this.seen();
      const missing = notRepeated(runs);
      return `${await copied(command)}${missing && `, without ${missing}`}`;
    });
    this.#button("copy-link", async () => copied(location.href));
    for (const format of ["png", "svg"]) this.#button(format, () => this.#picture(format));
    for (const format of FILES) this.#button(`export-${format}`, (say) => this.#file(format, say));
    this.#button("csv", async () => {
      const { runs, view, replay } = this.seen();
      const table = exportCsv(runs.map(withStored), { ...view, smoothing: undefined });
      download(markedTable(table, replay), `${fileName(this.seen())}.csv`);
      return "Saved";
    });
  }

  draw() {
    const { runs, view, command, replay } = this.seen();
    // These hold the whole record, whatever the moment.
    for (const format of FILES) this.part(`export-${format}`).hidden = Boolean(replay);
    this.part("copy-command").hidden = !command;
    this.script.draw(runs);
    this.part("copy-link").hidden = isOffline(); // the address of a file is of one machine
    const missing = notRepeated(runs);
    this.part("copy-command").title = `Starts this race again as it was set up${missing && `, without ${missing}`}`;
    // Nothing that is hidden until the reveal can be exported before it.
    this.menu.hidden = !runs.length || Boolean(view.hidden);
  }

  async #picture(format) {
    const { runs, view, theme, title, images, replay } = this.painted();
    await exportImage(window.Plotly, this.part("plot"), {
      format, theme, legend: legendOf(runs, view, theme), filename: fileName({ view, replay }),
      title: markedTitle(title, replay), caption: markedCaption(captionOf(runs, view, images), replay),
    });
    return "Saved";
  }

  /** A file that the server makes of all runs, those that are switched off too: how much of it has come is said on the button. */
  async #file(format, say) {
    const { address, runs } = this.seen().exports;
    const ids = runs.map(({ card }) => card.run).join(",");
    say("Preparing…");
    await saveFrom(`${address}?runs=${ids}&format=${format}`, (share) => say(`${Math.floor(100 * share)} %`));
    return "Saved";
  }

  #button(name, act) {
    const button = this.part(name);
    const label = button.textContent;
    button.onclick = async () => {
      button.disabled = true;
      try {
        button.textContent = await act((text) => (button.textContent = text));
      } catch {
        button.textContent = "Not possible here";
      }
      button.disabled = false;
      clearTimeout(button.saying);
      button.saying = setTimeout(() => (button.textContent = label), SAID_MS);
    };
  }
}

/** What the command that repeats these runs' race lacks of what is drawn, in words; "" when it lacks nothing. */
export function notRepeated(runs) {
  const changed = runs.some(({ card }) => card.parent === null && card.changes.length > 0);
  return [changed && "live changes", runs.some(({ card }) => card.parent !== null) && "forks"].filter(Boolean).join(" and ");
}

function fileName({ view, replay = "" }) {
  return markedFile(`skipscope-${view.race ? `race-${view.race}` : "runs"}-${view.layout}-${view.metric}`, replay);
}

async function copied(text) {
  await copyText(text);
  return "Copied";
}
