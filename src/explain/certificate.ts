// The few facts of an X.509 certificate that people ask for: its serial number and how long it is valid. Verifies nothing.
import { base64Decode } from "@bufbuild/protobuf/wire";
import { parseRfc3339Ms } from "#base/rfc3339.ts";
import type { CertificateSummary } from "./proxy-configuration.ts";

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/;

/** Of the first certificate in a PEM text; undefined when there is none that can be read. */
export function summarizeCertificate(pem: string): CertificateSummary | undefined {
  const [, encoded] = PEM.exec(pem) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return readCertificate(base64Decode(encoded.replace(/\s+/g, "")));
  } catch {
    return undefined;
  }
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
/** RFC 5280, 4.1: `version [0] EXPLICIT Version DEFAULT v1`, the only optional part before what we want. */
const VERSION = 0xa0;

/** Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version, serialNumber, signature, issuer, validity, … }, … } */
function readCertificate(der: Uint8Array): CertificateSummary | undefined {
  const certificate = readElement(der, 0);
  const [tbs] = childrenOf(certificate.tag === SEQUENCE ? certificate.content : der);
  if (tbs?.tag !== SEQUENCE) return undefined;
  const parts = childrenOf(tbs.content);
  const [serial, , , validity] = parts[0]?.tag === VERSION ? parts.slice(1) : parts;
  if (serial?.tag !== INTEGER || validity?.tag !== SEQUENCE) return undefined;
  const [notBefore, notAfter] = childrenOf(validity.content).map(readTime);
  if (notBefore === undefined || notAfter === undefined) return undefined;
  return {
    serialNumber: hexadecimal(serial.content),
    notBeforeMs: notBefore,
    notAfterMs: notAfter,
  };
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Where the next one begins. */
  readonly end: number;
}

/** DER: a tag of one byte, a length in one byte or in the next 1 to 4, the content. Throws past the end. */
function readElement(bytes: Uint8Array, at: number): Element {
  const tag = byteAt(bytes, at);
  let length = byteAt(bytes, at + 1);
  let start = at + 2;
  if (length >= 0x80) {
    const lengthBytes = length - 0x80;
    if (lengthBytes < 1 || lengthBytes > 4) throw new RangeError("length");
    length = 0;
    for (let i = 0; i < lengthBytes; i += 1) length = length * 256 + byteAt(bytes, start + i);
    start += lengthBytes;
  }
  const end = start + length;
  if (end > bytes.length) throw new RangeError("content");
  return { tag, content: bytes.subarray(start, end), end };
}

function childrenOf(content: Uint8Array): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < content.length; ) {
    const element = readElement(content, at);
    elements.push(element);
    at = element.end;
  }
  return elements;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError("byte");
  return byte;
}

/** A leading zero byte only keeps the number positive. */
function hexadecimal(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^0+(?=.)/, "");
}

const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** RFC 5280, 4.1.2.5: two digits of a year from 50 on mean 19xx. */
function readTime({ tag, content }: Element): number | undefined {
  const text = String.fromCharCode(...content.subarray(0, 20));
  const match =
    tag === UTC_TIME ? UTC.exec(text) : tag === GENERALIZED_TIME ? GENERALIZED.exec(text) : null;
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const century = tag === GENERALIZED_TIME ? "" : Number(year) >= 50 ? "19" : "20";
  return parseRfc3339Ms(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
