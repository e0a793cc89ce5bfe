// The fields that this engine itself reads or writes.
import { type HeaderName, headerName } from "../header-name.ts";

export const CONNECTION: HeaderName = headerName("connection");
export const CONTENT_LENGTH: HeaderName = headerName("content-length");
export const CONTENT_TYPE: HeaderName = headerName("content-type");
export const EXPECT: HeaderName = headerName("expect");
export const HOST: HeaderName = headerName("host");
export const KEEP_ALIVE: HeaderName = headerName("keep-alive");
export const PROXY_CONNECTION: HeaderName = headerName("proxy-connection");
export const TE: HeaderName = headerName("te");
export const TRANSFER_ENCODING: HeaderName = headerName("transfer-encoding");
export const UPGRADE: HeaderName = headerName("upgrade");
