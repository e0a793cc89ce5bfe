// The admin home page: every page as a link or, where it changes something, as a button.

import { type AdminResponse, HTML } from "./admin-request.ts";
import type { Command, Parameter } from "./commands.ts";

const STYLE = `body { font-family: sans-serif; }
td { text-align: left; padding: 4px; vertical-align: top; }
form { margin: 0; }
label { padding-right: 12px; }`;

export function homePage(commands: readonly Command[]): AdminResponse {
  const rows = commands.filter(({ path }) => path !== "/").map(row);
  const body = `<!DOCTYPE html>
<html lang='en'>
<head>
  <title>Sampan proxy admin</title>
  <style>
${STYLE}
  </style>
</head>
<body>
  <table>
    <thead><tr><th>Command</th><th>Description</th></tr></thead>
    <tbody>
${rows.join("\n")}
    </tbody>
  </table>
</body>
</html>
`;
  return { status: 200, contentType: HTML, body };
}

/** Paths, names and help are our own words, free of markup. */
function row({ path, isMutation, help, parameters = [] }: Command): string {
  const name = path.slice(1);
  const action =
    isMutation || parameters.length > 0
      ? `<form action='${name}' method='${isMutation ? "post" : "get"}'><button>${name}</button> ${parameters.map(input).join("")}</form>`
      : `<a href='${name}'>${name}</a>`;
  return `      <tr><td>${action}</td><td>${help}</td></tr>`;
}

/** Flags are boxes to tick, choices are lists, all else is text. A field left empty is not sent, so that defaults hold. */
function input({ name, oneOf }: Parameter): string {
  if (oneOf !== undefined) {
    const options = oneOf.map((value) => `<option value='${value}'>${value}</option>`).join("");
    return `<label>${name} <select name='${name}'>${options}</select></label>`;
  }
  const isText = TEXT_PARAMETERS.has(name);
  return isText
    ? `<label>${name} <input type='text' name='${name}'></label>`
    : `<label><input type='checkbox' name='${name}' value=''> ${name}</label>`;
}

const TEXT_PARAMETERS: ReadonlySet<string> = new Set(["filter", "name_regex", "resource", "paths"]);
