/** Sizes and ranges at the border; PROTOCOL.md states each. */
export const LIMITS = {
  frameBytes: { driver: 16 * 1024, dispatcher: 64 * 1024 },
  httpBodyBytes: 64 * 1024,
  /** Containers inside containers, the message tuple counting as 1. */
  depth: 8,
  /** Values in one frame, containers and keys included. */
  nodes: 4_096,
  fixesPerFrame: 256,
  streamsPerHello: 8,
  needsPerCall: 8,
  capabilitiesPerNeed: 8,
  nearestK: 100,
  problemChars: 32,
  callerNameChars: 120,
  phoneChars: 40,
  addressChars: 240,
  notesChars: 2_000,
  tokenChars: 4_096,
  /** A connection must send a valid `hello` within this time. */
  helloTimeoutMs: 10_000,
  /** Bad frames on one connection before it is closed with 4400. */
  badFrames: 16,
  /** Bytes queued to a slow client before it is closed. */
  backpressureBytes: 4 * 1024 * 1024,
  /** How far ahead of our clock a reported moment may lie, in wall milliseconds. */
  aheadMs: 5_000,
  /** How far back the moment of a button or a call may lie, in region milliseconds. */
  behindMs: 24 * 3_600_000,
} as const

/** Inclusive ranges of the integers that a client sends; PROTOCOL.md states each. */
export const RANGES = {
  streamIndex: [0, LIMITS.streamsPerHello - 1],
  /** Client wall milliseconds since `clientNowMs`; 366 days either way, as a wall clock may be set back. */
  sentAtMs: [-31_622_400_000, 31_622_400_000],
  seq: [1, 2 ** 50 - 1],
  /** 30 days: the longest backlog that is taken, and the same ahead for a receiver with a wrong date. */
  ageMs: [-2_592_000_000, 2_592_000_000],
  lonE7: [-1_800_000_000, 1_800_000_000],
  latE7: [-900_000_000, 900_000_000],
  accuracyDm: [0, 65_535],
  speedCmps: [0, 65_535],
  headingDd: [0, 3_600],
  /** Epoch milliseconds up to the end of the year 9999. */
  atMs: [0, 253_402_300_799_999],
  position: [0, Number.MAX_SAFE_INTEGER],
  k: [1, LIMITS.nearestK],
  priority: [1, 5],
} as const satisfies Record<string, readonly [min: number, max: number]>
