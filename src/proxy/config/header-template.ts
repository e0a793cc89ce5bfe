// A header value to add: literal bytes, or text with command operators (%DOWNSTREAM_REMOTE_ADDRESS%, …) filled in per request.

export type HeaderTemplate =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "format"; readonly format: string };
