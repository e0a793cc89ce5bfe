// Values of command line flags: parsed by commander's hooks, refused with what would be right.
import { InvalidArgumentError, Option } from "commander";
import { formatDuration, parseDurationMs } from "#base/duration.ts";
import { LOG_LEVELS, type LogLevel } from "#base/log.ts";
import type { SocketAddress } from "#base/net.ts";
import { formatSocketAddress, parseSocketAddress } from "./socket-address.ts";

function parseAddressOption(text: string): SocketAddress {
  const address = parseSocketAddress(text);
  if (address === undefined) {
    throw new InvalidArgumentError("Must be host:port, for example 127.0.0.1:15010.");
  }
  return address;
}

function parseDurationOption(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 0) {
    throw new InvalidArgumentError("Must be a duration, for example 100ms, 2s or 1m30s.");
  }
  return ms;
}

export function wholeNumberOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Must be a whole number.");
  return Number(text);
}

/** More threads than any machine has hardware threads for is a mistake in typing. */
const MAX_WORKERS = 512;

/** Envoy's `--concurrency`: 0 means one worker too. */
export function workerCountOption(text: string): number {
  const count = wholeNumberOption(text);
  if (count > MAX_WORKERS) throw new InvalidArgumentError(`Must be at most ${MAX_WORKERS}.`);
  return Math.max(1, count);
}

/** Envoy's `-l`: its names, "warn" for "warning" too. */
export function logLevelOption(text: string): LogLevel {
  const wanted = text === "warn" ? "warning" : text;
  const level = LOG_LEVELS.find((name) => name === wanted);
  if (level === undefined) {
    throw new InvalidArgumentError(`Must be one of ${LOG_LEVELS.join(", ")}.`);
  }
  return level;
}

/** A flag of `host:port`; help shows the default as it is written. */
export function addressOption(
  flags: string,
  description: string,
  fallback?: SocketAddress,
): Option {
  const option = new Option(flags, description).argParser(parseAddressOption);
  return fallback === undefined ? option : option.default(fallback, formatSocketAddress(fallback));
}

/** A flag of a duration, in milliseconds for the program; without a default when `fallbackMs` is undefined. */
export function durationOption(
  flags: string,
  description: string,
  fallbackMs: number | undefined,
): Option {
  const option = new Option(flags, description).argParser(parseDurationOption);
  return fallbackMs === undefined ? option : option.default(fallbackMs, formatDuration(fallbackMs));
}

/** `--pilot host:port`: which pilot a command asks. */
export function pilotOption(): Option {
  return addressOption("--pilot <host:port>", "the pilot's HTTP address", {
    host: "127.0.0.1",
    port: 15014,
  }).env("SAMPAN_PILOT");
}

/** `-v`, `-v=5`, `--verbosity 5`: 0 is quiet; 1 tells what is done; from 5 on failures come with their stack trace, as kubeadm's. */
export function verbosityOption(): Option {
  return new Option("-v, --verbosity [level]", "say more: 1 to 9; from 5 on with stack traces")
    .argParser((text) => wholeNumberOption(text.replace(/^=/, "")))
    .preset("1")
    .default(0);
}
