// What the messages of several checks are made of.

/** "127.0.0.1:80", "[::1]:80" */
export function formatAddress({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A remedy, and another one where there is one. */
export const orElse = (remedy: string, alternative: string | undefined): string =>
  alternative === undefined ? remedy : `${remedy}, or ${alternative}`;

/** Whole megabytes, as kubeadm counts them. */
export const toMegabytes = (bytes: number): number => Math.floor(bytes / (1024 * 1024));
