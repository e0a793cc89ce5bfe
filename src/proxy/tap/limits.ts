// Limits of live requests: whoever looks on must neither slow the traffic down nor fill the memory.

/** Who looks on at the same time. Envoy allows one; a person and a dashboard want two, and each costs every request a match. */
export const MAX_TAPS = 4;

/** Requests that one tap is shown of one worker in a second: more than anybody can read, and a few percent of a busy worker's time. */
export const MAX_TRACES_PER_SECOND = 1000;

/** What may wait for a reader that is slower than the requests; further ones are left out, and counted. A thousand usual traces. */
export const MAX_UNREAD_BYTES: number = 2 * 1024 * 1024;

/** A TapRequest: the largest that a person writes is a hundredth of it. */
export const MAX_TAP_REQUEST_BYTES: number = 64 * 1024;
