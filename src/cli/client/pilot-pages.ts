// Whether what a page answers is a pilot's: whatever else may listen at an address answers JSON too.

type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list of objects, each with this text. */
const listWith =
  (field: string): Check =>
  (value) =>
    Array.isArray(value) && value.every((each) => isObject(each) && isText(each[field]));

const isText = (value: unknown): boolean => typeof value === "string";

/** An object, a list of objects, or a Status. */
function isKubernetes(value: unknown): boolean {
  if (!isObject(value) || !isText(value["kind"]) || !isObject(value["metadata"])) return false;
  const { items } = value;
  return items === undefined || (Array.isArray(items) && items.every(isNamed));
}

const isNamed = (value: unknown): boolean => {
  const metadata = isObject(value) ? value["metadata"] : undefined;
  return isObject(metadata) && isText(metadata["name"]) && isText(metadata["namespace"]);
};

const PAGES: Readonly<Record<string, Check>> = {
  "/debug/syncz": listWith("name"),
  "/debug/registryz": listWith("hostname"),
  "/debug/configz": listWith("object"),
  "/debug/problemz": listWith("text"),
  "/debug/positionz": listWith("object"),
  "/debug/livez": (value) => isObject(value) && listWith("name")(value["proxies"]),
  "/debug/documentz": (value) => isObject(value) && isText(value["text"]),
};

/** `path` may have a query. Pages that nobody relies on are taken as they are. */
export function isPilotPage(path: string, value: unknown): boolean {
  const [page = ""] = path.split("?", 1);
  if (page.startsWith("/apis/")) return isKubernetes(value);
  const check = Object.hasOwn(PAGES, page) ? PAGES[page] : undefined;
  return check === undefined ? true : check(value);
}
