// Parts that tell nobody of themselves.
import type { PartRecord, PartRecorder } from "../parts.ts";

export const SILENT_PART: PartRecord = {
  health() {},
  started() {},
  ended() {},
  line() {},
  close() {},
};

export const SILENT_PARTS: PartRecorder = { open: () => SILENT_PART };
