/** What mount.js does before it makes a view: the browser's modules learn what the engine says of runs. */
import { readFileSync } from "node:fs";
import { know } from "../../../app/live/shared/run_states.js";

if (process.env.SKIPSCOPE_TEST_FACTS) know(JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8")).runFacts);
