// Host names with and without their port.

/** "a.example:8080" -> "a.example", "[::1]:80" -> "[::1]"; a host without a port stays as it is. */
export function hostWithoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  if (colon === -1 || authority.indexOf("]", colon) !== -1) return authority;
  for (let i = colon + 1; i < authority.length; i += 1) {
    const code = authority.charCodeAt(i);
    if (code < 48 || code > 57) return authority;
  }
  return authority.slice(0, colon);
}
