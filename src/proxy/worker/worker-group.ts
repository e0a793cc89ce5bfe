// The workers other than worker 0, as worker 0 sees them: told everything in order, and asked, with a limit to the waiting.
import { assert } from "#base/assert.ts";
import type { Channel } from "#base/channel.ts";
import type { Log, LogLevel } from "#base/log.ts";
import type { Timer, Timers } from "#base/timers.ts";
import type { StatsReport } from "../stats/stats-report.ts";
import type {
  HostsReport,
  QuestionAnswer,
  TappedRequest,
  WorkerAnswer,
  WorkerCommand,
  WorkerOrder,
  WorkerQuestion,
} from "./messages.ts";
import type { WorkerSettings } from "./proxy-worker.ts";

/** How long an admin page waits for workers that are busy; then it shows what they said before. */
const COLLECT_MS = 1_000;
/** Loading the program takes a thread a fraction of a second, on a laptop under load a few. */
const START_MS = 30_000;
/** What a drained worker's answer may take on its way, beyond the drain itself. */
const DRAIN_MARGIN_MS = 1_000;

export interface WorkerGroupPorts {
  readonly timers: Timers;
  readonly log: Log;
}

interface Peer {
  readonly index: number;
  readonly channel: Channel<WorkerAnswer, WorkerCommand>;
  stats: StatsReport | undefined;
  hosts: HostsReport | undefined;
}

interface Waiting {
  readonly peers: Set<Peer>;
  readonly timer: Timer;
  /** `silent`: indexes of the workers that have not answered in time. */
  readonly done: (silent: readonly number[]) => void;
}

/** A question without its number. */
type Question =
  | { readonly what: "stats" | "hosts" | "applied" }
  | { readonly what: "drained"; readonly limitMs: number };

export class WorkerGroup {
  readonly #peers: readonly Peer[];
  readonly #ports: WorkerGroupPorts;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #showTapped: (request: TappedRequest) => void = () => {};

  /** The channel at place i is that of worker i + 1. */
  constructor(channels: readonly Channel<WorkerAnswer, WorkerCommand>[], ports: WorkerGroupPorts) {
    this.#ports = ports;
    this.#peers = channels.map((channel, place) => {
      const peer: Peer = { index: place + 1, channel, stats: undefined, hosts: undefined };
      channel.listen((answer) => {
        if ("tapId" in answer) this.#showTapped(answer);
        else this.#handleAnswer(peer, answer);
      });
      return peer;
    });
  }

  /** Without worker 0. */
  get size(): number {
    return this.#peers.length;
  }

  /** Starts them; answers the indexes of those that did not come up, none when all is well. */
  start(settings: Omit<WorkerSettings, "index">, logLevel: LogLevel): Promise<readonly number[]> {
    for (const { index, channel } of this.#peers) {
      channel.post({ kind: "start", settings: { ...settings, index }, logLevel });
    }
    return new Promise((resolve) => this.#ask({ what: "applied" }, START_MS, resolve));
  }

  /** Requests that taps were shown in other workers go to `show`. */
  listenToTaps(show: (request: TappedRequest) => void): void {
    this.#showTapped = show;
  }

  broadcast(command: WorkerOrder): void {
    for (const { channel } of this.#peers) channel.post(command);
  }

  /** Calls when everything that was broadcast before is in force in all workers. */
  whenApplied(done: () => void): void {
    this.#ask({ what: "applied" }, COLLECT_MS, done);
  }

  /** Asks for fresh reports, and calls when they are there or the wait is over. */
  collect(what: "stats" | "hosts", done: () => void): void {
    this.#ask({ what }, COLLECT_MS, (silent) => {
      if (silent.length > 0) {
        this.#ports.log.warning("workers are busy; the page shows what they said before", {
          workers: silent.join(","),
        });
      }
      done();
    });
  }

  /** Of each worker that has ever reported, the latest. */
  get stats(): readonly StatsReport[] {
    return this.#peers.flatMap(({ stats }) => stats ?? []);
  }

  get hosts(): readonly HostsReport[] {
    return this.#peers.flatMap(({ hosts }) => hosts ?? []);
  }

  /** Ends them in order. Resolves when all have finished, or their time is over. */
  drain(limitMs: number): Promise<void> {
    return new Promise((resolve) =>
      this.#ask({ what: "drained", limitMs }, limitMs + DRAIN_MARGIN_MS, () => resolve()),
    );
  }

  #ask(question: Question, waitMs: number, done: Waiting["done"]): void {
    if (this.#peers.length === 0) {
      done([]);
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = this.#ports.timers.after(waitMs, () => this.#finish(id));
    this.#waiting.set(id, { peers: new Set(this.#peers), timer, done });
    const command: WorkerQuestion = { kind: "ask", id, ...question };
    for (const { channel } of this.#peers) channel.post(command);
  }

  #handleAnswer(peer: Peer, answer: QuestionAnswer): void {
    // Late ones too: better than what is there.
    peer.stats = answer.stats ?? peer.stats;
    peer.hosts = answer.hosts ?? peer.hosts;
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    waiting.peers.delete(peer);
    if (waiting.peers.size === 0) this.#finish(answer.id);
  }

  #finish(id: number): void {
    const waiting = this.#waiting.get(id);
    assert(waiting !== undefined, "a question is finished once");
    this.#waiting.delete(id);
    waiting.timer.cancel();
    waiting.done([...waiting.peers].map(({ index }) => index));
  }
}
