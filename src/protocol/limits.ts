/** Sizes and ranges at the border; PROTOCOL.md states each. */

/** The grammar of version 1: the same at every engine, and not to be configured. */
export const LIMITS = {
  streamsPerHello: 8,
  needsPerCall: 8,
  capabilitiesPerNeed: 8,
  pointsPerZone: 100,
  nearestK: 100,
  /** Tiles and units that one session may watch at a time. */
  tilesPerWatch: 256,
  unitsWatched: 32,
  /** Units in one `attach`; a feed may send as many of those as it needs. */
  channelsPerAttach: 1_000,
  /** Fixes in one hole: 30 days, the longest backlog that is taken, of a hundred a second. */
  holeFixes: 259_200_000,
  problemChars: 32,
  callerNameChars: 120,
  phoneChars: 40,
  addressChars: 240,
  notesChars: 2_000,
  /** Of UTF-8, in one note of a call. */
  noteBytes: 2_000,
  /** As `NOTES_PER_CALL`; clients do without the domain. */
  notesPerCall: 200,
  tokenChars: 4_096,
  /** Of a text that a place is looked for by. */
  placeChars: 200,
  /** Capabilities that a destination must have. */
  capabilitiesPerDestination: 8,
  /** UTF-16 code units of a text for people, for each character that it may have. */
  codeUnitsPerChar: 8,
  /** Of a request's target and headers together. */
  headBytes: 16 * 1024,
  /** Of a query, and of a list of subprotocols. */
  queryBytes: 4 * 1024,
  /** How far ahead of our clock a reported moment may lie, in wall milliseconds. */
  aheadMs: 5_000,
  /** How far back the moment of a button or a call may lie, in region milliseconds. */
  behindMs: 24 * 3_600_000,
} as const

/** Classes of messages that have a rate of their own; a fix is counted by the fix, most others by the message. */
export const RATE_CLASSES = ['fix', 'feedFix', 'crewCommand', 'command', 'query', 'control'] as const
export type RateClass = (typeof RATE_CLASSES)[number]

/** A token bucket: it refills at `perS` and holds what comes in `burstS` seconds. */
export interface Rate {
  /** One connection may go on at this rate, and all connections of one principal together at the other. */
  readonly connectionPerS: number
  readonly userPerS: number
  readonly burstS: number
}

/** No frame may be allowed more levels than this: the pre-scan's stack is made once. */
export const DEPTH_MAX = 32

/** What the pre-scan and the parsers hold a frame to. */
export interface FrameLimits {
  /** Containers inside containers, the message tuple counting as 1; at most `DEPTH_MAX`. */
  readonly depth: number
  /** Values in one frame, containers and keys included. */
  readonly nodes: number
  /** UTF-8 bytes of one string, ignored ones included. */
  readonly stringBytes: number
  readonly fixesPerFrame: number
  /** Fixes of one `feed-fixes`. */
  readonly feedFixesPerFrame: number
}

/** What an operator may set; the defaults are what PROTOCOL.md states. */
export interface Limits extends FrameLimits {
  readonly frameBytes: { readonly driver: number; readonly desk: number; readonly feed: number }
  readonly httpBodyBytes: number
  /** How long the body of one HTTP request may take to arrive; uWebSockets.js cuts whatever is slower than 8 to 12 s. */
  readonly httpRequestMs: number
  /** A connection must send a valid `hello` within this time. */
  readonly helloTimeoutMs: number
  /** A connection without a frame or pong for this long is closed; 8 to 960 s. */
  readonly idleTimeoutS: number
  /** Bad frames on one connection before it is closed with 4400. */
  readonly badFrames: number
  /** Bytes that may wait for a slow client before it is cut. */
  readonly backpressureBytes: number
  /** Bytes that wait for a slow console from which on it is thinned: it gets a snapshot when it has read them. */
  readonly thinBytes: number
  /** Bytes that may wait for all clients together, before those are cut that have been behind for the longest time. */
  readonly unreadBytes: number
  /** WebSockets. */
  readonly connections: number
  readonly connectionsPerAddress: number
  /** WebSockets of one address that have no `welcome` yet. */
  readonly strangersPerAddress: number
  /** Connections that are no WebSocket, or not yet. */
  readonly httpConnections: number
  readonly httpConnectionsPerAddress: number
  readonly sessionsPerUser: number
  /** New connections of one address, a second. */
  readonly connectsPerAddressPerS: number
  /** HTTP requests of one address to routes that ask for no token, and those whose credential was refused, a second. */
  readonly openRequestsPerAddressPerS: number
  /** Bursts of refused messages that a connection may have outstanding before it is closed with 4429. */
  readonly floodBursts: number
  readonly rates: Readonly<Record<RateClass, Rate>>
}

export const DEFAULT_LIMITS: Limits = {
  depth: 8,
  nodes: 10_240,
  stringBytes: 8 * 1024,
  fixesPerFrame: 256,
  feedFixesPerFrame: 1_000,
  frameBytes: { driver: 16 * 1024, desk: 64 * 1024, feed: 64 * 1024 },
  httpBodyBytes: 64 * 1024,
  httpRequestMs: 7_000,
  helloTimeoutMs: 10_000,
  idleTimeoutS: 60,
  badFrames: 16,
  backpressureBytes: 4 * 1024 * 1024,
  thinBytes: 256 * 1024,
  unreadBytes: 512 * 1024 * 1024,
  connections: 50_000,
  connectionsPerAddress: 20_000,
  strangersPerAddress: 2_000,
  httpConnections: 4_096,
  httpConnectionsPerAddress: 2_048,
  sessionsPerUser: 64,
  connectsPerAddressPerS: 2_000,
  openRequestsPerAddressPerS: 200,
  floodBursts: 10,
  rates: {
    fix: { connectionPerS: 2_000, userPerS: 4_000, burstS: 5 },
    feedFix: { connectionPerS: 200_000, userPerS: 400_000, burstS: 2 },
    // A crew presses buttons; an app that comes out of a dead zone may have a shift of them.
    crewCommand: { connectionPerS: 2, userPerS: 4, burstS: 30 },
    command: { connectionPerS: 50, userPerS: 100, burstS: 5 },
    query: { connectionPerS: 50, userPerS: 100, burstS: 5 },
    control: { connectionPerS: 50, userPerS: 100, burstS: 5 },
  },
}

/** Inclusive ranges of the integers that a client sends; PROTOCOL.md states each. */
export const RANGES = {
  streamIndex: [0, LIMITS.streamsPerHello - 1],
  /** A feed's own number for one of its units. */
  channel: [0, 999_999],
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
  noteNo: [1, LIMITS.notesPerCall],
  /** Hundredths of the time that roads take. */
  slowPercent: [100, 2_000],
  /** What a region's policy allows may be less. */
  forMs: [1_000, 28_800_000],
  /** Of a drive: how far units come, and within which time a demand is to be reached. */
  withinMs: [0, 7_200_000],
  targetMs: [0, 7_200_000],
  /** Of lines and cells, in JSON. */
  maxBytes: [500, 250_000],
} as const satisfies Record<string, readonly [min: number, max: number]>
