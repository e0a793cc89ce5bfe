// A further worker of `sampan proxy --concurrency N`, in a thread of its own: started by proxy.ts. Composition root.
import type { LogLevel } from "#base/log.ts";
import { systemFiles } from "#io/bun/files.ts";
import { createLog } from "#io/bun/log.ts";
import { bunNet } from "#io/bun/net.ts";
import { createSystemRandom } from "#io/bun/random.ts";
import { parentChannel } from "#io/bun/thread.ts";
import { systemClock, systemTimers } from "#io/bun/time.ts";
import { ownEnvironment, ownMemory } from "#io/process/own-process.ts";
import { follow } from "#proxy/worker/follower.ts";
import type { WorkerAnswer, WorkerCommand } from "#proxy/worker/messages.ts";

let level: LogLevel = "info";

follow(parentChannel<WorkerCommand, WorkerAnswer>(), ({ index }) => ({
  clock: systemClock,
  timers: systemTimers,
  random: createSystemRandom(),
  net: bunNet,
  files: systemFiles,
  log: createLog(() => level, `worker_${index}`),
  environment: ownEnvironment(),
  memory: ownMemory,
  setLogLevel: (next) => {
    level = next;
  },
}));
