// What this process can say of itself: the heap of the calling thread, resident memory, host name and environment.
import { hostname } from "node:os";

export interface OwnMemory {
  /** Of the calling thread's heap. */
  readonly usedHeapBytes: number;
  readonly totalHeapBytes: number;
  /** Of the process, all threads together. */
  readonly residentBytes: number;
}

export function ownMemory(): OwnMemory {
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  return { usedHeapBytes: heapUsed, totalHeapBytes: heapTotal, residentBytes: rss };
}

export interface OwnEnvironment {
  readonly hostname: string;
  environment(name: string): string | undefined;
}

export function ownEnvironment(): OwnEnvironment {
  return { hostname: hostname(), environment: (name) => process.env[name] };
}
