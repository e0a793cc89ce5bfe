// When each resource of one type last changed and in which version, and what was refused: for /config_dump.
import type { Clock } from "#base/clock.ts";
import type { ResourceUpdate } from "#xds/client/owner.ts";
import type { RejectedResource } from "../admin/admin-state.ts";
import type { BadResource } from "./read-resources.ts";

export interface UpdateRecord {
  readonly versionInfo: string;
  /** Milliseconds since 1970. */
  readonly lastUpdatedMs: number;
}

const NEVER: UpdateRecord = { versionInfo: "", lastUpdatedMs: 0 };

export class UpdateLog<M> {
  /** Of the last update that was accepted as a whole. */
  versionInfo = "";
  readonly #clock: Clock;
  readonly #records = new Map<string, UpdateRecord>();
  #rejected: readonly RejectedResource<M>[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The resource took effect in this version; a repeated one is not recorded, as in Envoy. */
  record(name: string, versionInfo: string): void {
    this.#records.set(name, { versionInfo, lastUpdatedMs: this.#clock.wallMs() });
  }

  forget(name: string): void {
    this.#records.delete(name);
  }

  of(name: string): UpdateRecord {
    return this.#records.get(name) ?? NEVER;
  }

  /** What was refused stays on record until an update is accepted as a whole. */
  conclude(update: ResourceUpdate, bad: readonly BadResource<M>[]): void {
    if (bad.length === 0) {
      this.versionInfo = update.version;
      this.#rejected = [];
      return;
    }
    const lastAttemptMs = this.#clock.wallMs();
    this.#rejected = bad.map(({ name, message, version, details }) => ({
      name,
      message,
      versionInfo: version,
      details,
      lastAttemptMs,
    }));
  }

  get rejected(): readonly RejectedResource<M>[] {
    return this.#rejected;
  }
}
