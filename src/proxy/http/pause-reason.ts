// Why reading from downstream is paused: bits, since reasons come and go on their own.
export const PAUSE = { upstreamIsSlow: 1, bodyIsHeld: 2, pipelineIsFull: 4 } as const;
