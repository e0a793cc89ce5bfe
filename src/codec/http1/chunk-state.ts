// The framing of a chunked body as a table (RFC 9112 section 7.1): what a byte does to the state. Knows no payload and no trailers.
//
//         hex          blank, ";"
//  start ─────▶ size ─────────────▶ afterSize, extension
//    ▲           │ CR                │ CR
//    │           ▼                   ▼     LF, size 0
//    │          sizeEnd ◀────────────┴──────────────────▶ last
//    │           │ LF, size > 0
//    │           ▼      size bytes            CR
//    │          data ───────────────▶ dataEnd ─────▶ dataLf
//    └───────────────────────────── LF ────────────────┘
//
// Every pair that is not in the table is an error: bare LF, white space before the size, bytes between data and CRLF.

export const CHUNK = {
  start: 0,
  size: 1,
  /** Behind the size: white space, ";" and an extension may stand. */
  afterSize: 2,
  extension: 3,
  sizeEnd: 4,
  data: 5,
  dataEnd: 6,
  dataLf: 7,
  last: 8,
  failed: 9,
} as const;

export type ChunkStateName = keyof typeof CHUNK;

export const CHUNK_CLASS = {
  hex: 0,
  cr: 1,
  lf: 2,
  blank: 3,
  semicolon: 4,
  text: 5,
  control: 6,
} as const;

export type ChunkClassName = keyof typeof CHUNK_CLASS;

/** The transitions by bytes. `data` moves on by count, not by bytes, and what follows `sizeEnd` depends on the size. */
export const CHUNK_TRANSITIONS: Readonly<
  Partial<Record<ChunkStateName, Readonly<Partial<Record<ChunkClassName, ChunkStateName>>>>>
> = {
  start: { hex: "size" },
  size: { hex: "size", blank: "afterSize", semicolon: "extension", cr: "sizeEnd" },
  afterSize: { blank: "afterSize", semicolon: "extension", cr: "sizeEnd" },
  extension: {
    hex: "extension",
    text: "extension",
    blank: "extension",
    semicolon: "extension",
    cr: "sizeEnd",
  },
  sizeEnd: { lf: "data" },
  dataEnd: { cr: "dataLf" },
  dataLf: { lf: "start" },
};

const CLASS_COUNT = 8;

/** byte -> class, as CHUNK_CLASS numbers them. */
export const CHUNK_CLASS_OF: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 13) return CHUNK_CLASS.cr;
  if (byte === 10) return CHUNK_CLASS.lf;
  if (byte === 32 || byte === 9) return CHUNK_CLASS.blank;
  if (byte === 59) return CHUNK_CLASS.semicolon;
  if (/^[0-9a-fA-F]$/.test(String.fromCharCode(byte))) return CHUNK_CLASS.hex;
  return byte < 32 || byte === 127 ? CHUNK_CLASS.control : CHUNK_CLASS.text;
});

const NEXT: Uint8Array = compile();

/** The state after a byte of class `byteClass` in `state`. */
export function nextChunkState(state: number, byteClass: number): number {
  return NEXT[state * CLASS_COUNT + byteClass] as number;
}

function compile(): Uint8Array {
  const table = new Uint8Array(Object.keys(CHUNK).length * CLASS_COUNT).fill(CHUNK.failed);
  for (const [state, row] of Object.entries(CHUNK_TRANSITIONS)) {
    for (const [byteClass, next] of Object.entries(row)) {
      const at =
        CHUNK[state as ChunkStateName] * CLASS_COUNT + CHUNK_CLASS[byteClass as ChunkClassName];
      table[at] = CHUNK[next];
    }
  }
  return table;
}
