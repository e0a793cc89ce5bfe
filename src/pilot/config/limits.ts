// Limits of what a configuration folder may hold. Beyond one of them the rest is refused with a problem; nothing is cut short silently.

/** Bytes of one file. The largest real ones, generated for 1,000 services, stay below 4 MiB; the parser holds about 30 times the text. */
export const MAX_FILE_BYTES: number = 16 * 1024 * 1024;

/** YAML files below the folder: ten times one file per service for 1,000 services. */
export const MAX_FILES = 10_000;

/** Documents of one file. */
export const MAX_DOCUMENTS = 20_000;

/** Items of one `kind: List`. */
export const MAX_LIST_ITEMS = 20_000;

/** Objects of the whole folder: three for each of 10,000 services, and as many WorkloadEntries. */
export const MAX_OBJECTS = 60_000;

/** Problems told of one document: what a person mends in one sitting (as src/api's own limit). */
export const MAX_PROBLEMS_PER_DOCUMENT = 20;

/** Problems told of the whole folder; a line at the end says how many more there are. */
export const MAX_PROBLEMS = 2_000;
