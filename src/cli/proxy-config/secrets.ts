// `sampan proxy-config secret`: certificates by name and time. Keys are never looked at.
import { formatRfc3339 } from "#base/rfc3339.ts";
import type { ConfigPage, ConfigRow } from "./rows.ts";

export function secretPage(nowMs: number): ConfigPage {
  return {
    columns: [
      "RESOURCE NAME",
      "TYPE",
      "STATUS",
      "VALID CERT",
      "SERIAL NUMBER",
      "NOT AFTER",
      "NOT BEFORE",
    ],
    rows: ({ secrets }) =>
      secrets.map(({ name, type, status, certificate }): ConfigRow => {
        const { serialNumber = "", notBeforeMs = 0, notAfterMs = 0 } = certificate ?? {};
        const isValid = certificate !== undefined && notBeforeMs <= nowMs && nowMs < notAfterMs;
        const time = (ms: number): string => (certificate === undefined ? "" : formatRfc3339(ms));
        return {
          cells: [
            name,
            type,
            status,
            String(isValid),
            serialNumber,
            time(notAfterMs),
            time(notBeforeMs),
          ],
          keys: { name },
          json: () => ({
            name,
            type,
            status,
            isValid,
            ...(certificate === undefined ? {} : { certificate: { ...certificate } }),
          }),
        };
      }),
  };
}
