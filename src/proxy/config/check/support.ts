// What the proxy does with each field of each message: the shape of the tables, and their union.

/** One message type. A field that stands nowhere is refused, so that nothing is ever half applied. */
export interface MessageSupport {
  /** Fields that a parser reads and the proxy honours (or that the parser refuses by value). */
  readonly read: readonly string[];
  /** Fields that change nothing a request or connection can notice, each with why that is so. */
  readonly ignored?: Readonly<Record<string, string>>;
  /** Fields refused with a better sentence than the general one. */
  readonly refused?: Readonly<Record<string, string>>;
}

export type SupportTable = Readonly<Record<string, MessageSupport>>;
