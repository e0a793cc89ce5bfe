// What formats are compiled with while configuration is checked.
import type { FormatEnvironment } from "../access-log/operator.ts";

/** Only for finding mistakes: nothing is ever formatted with it. */
export const NO_ENVIRONMENT: FormatEnvironment = {
  hostname: "",
  environment: () => undefined,
  wallMs: () => 0,
  random: { u32: () => 0 },
};
