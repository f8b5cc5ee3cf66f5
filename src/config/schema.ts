/**
 * The one schema of the configuration: every setting with its form, range, default and purpose.
 *
 * File, environment, `config print` and docs/configuration.md all follow from it. Add a setting here and in `Config`.
 */

import { z } from 'zod'
import { isRange } from '../base/ip-address.ts'
import { DEFAULT_LIMITS, type Limits, type Rate, type RateClass } from '../protocol/limits.ts'
import { LOG_FORMATS, LOG_LEVELS, ROUTERS, TRANSPORTS } from './config.ts'
import {
  above0,
  choiceOf,
  isHostName,
  isOrigin,
  isPostgresUrl,
  isRouterUrl,
  isSafeUrl,
  isText,
  isTileUrl,
  listOf,
  objects,
  optionalText,
  textThat,
  whole,
} from './values.ts'
import { WEBHOOK_SHAPE } from './webhook-shape.ts'

const TILE_URL =
  'a URL with {z}, {x} and {y} in it, such as https://tiles.example.org/{z}/{x}/{y}.png, without user and password'
const KB = 1024
const MB = 1024 * KB
const DAY_S = 86_400
const { frameBytes, rates, ...standard } = DEFAULT_LIMITS

const POSTGRES_URL =
  'a URL such as postgres://user:password@host:5432/name, with @ / : # ? % in user and password written as %40 %2F %3A %23 %3F %25'

const frame = (who: keyof Limits['frameBytes'], purpose: string) =>
  whole(8 * KB, 16 * MB, frameBytes[who], `Bytes of one frame ${purpose}.`)

const rate = (of: RateClass, what: string) =>
  z.strictObject({
    connectionPerS: whole(
      1,
      10_000_000,
      rates[of].connectionPerS,
      `${what} a second that one connection may go on at.`,
    ),
    userPerS: whole(
      1,
      10_000_000,
      rates[of].userPerS,
      `${what} a second of all connections of one principal together.`,
    ),
    burstS: above0(3_600, rates[of].burstS, `For how many seconds' worth of ${what.toLowerCase()} both may run ahead.`),
  } satisfies Record<keyof Rate, z.ZodType>)

const limits = z.strictObject({
  depth: whole(6, 32, standard.depth, 'Containers inside containers in one frame, the message counting as 1.'),
  nodes: whole(256, 1_000_000, standard.nodes, 'Values in one frame, containers and keys included.'),
  stringBytes: whole(8 * KB, MB, standard.stringBytes, 'UTF-8 bytes of one string in a frame.'),
  fixesPerFrame: whole(1, 10_000, standard.fixesPerFrame, 'Fixes in one frame of a driver.'),
  feedFixesPerFrame: whole(1, 100_000, standard.feedFixesPerFrame, 'Fixes in one frame of a feed.'),
  frameBytes: z.strictObject({
    driver: frame('driver', 'of a driver, and of anyone before `welcome`'),
    desk: frame('desk', 'of a dispatcher, supervisor or admin'),
    feed: frame('feed', 'of a feed'),
  } satisfies Record<keyof Limits['frameBytes'], z.ZodType>),
  httpBodyBytes: whole(16 * KB, 64 * MB, standard.httpBodyBytes, 'Bytes of one HTTP body.'),
  httpRequestMs: whole(
    500,
    10_000,
    standard.httpRequestMs,
    'How long the body of an HTTP request may take to arrive. What is slower than 8 to 12 s is cut in any case.',
  ),
  helloTimeoutMs: whole(100, 600_000, standard.helloTimeoutMs, 'How long a connection may take to send its `hello`.'),
  idleTimeoutS: whole(8, 960, standard.idleTimeoutS, 'A connection without a frame or pong for this long is closed.'),
  badFrames: whole(1, 10_000, standard.badFrames, 'Bad frames on one connection before it is closed.'),
  backpressureBytes: whole(
    64 * KB,
    1024 * MB,
    standard.backpressureBytes,
    'Bytes that may wait for a slow client before it is cut off.',
  ),
  thinBytes: whole(
    4 * KB,
    1024 * MB,
    standard.thinBytes,
    'Bytes that wait for a slow console from which on it is thinned: it gets a snapshot when it has read them.',
  ),
  unreadBytes: whole(
    MB,
    1024 * 1024 * MB,
    standard.unreadBytes,
    'Bytes that may wait for all clients together, before those are cut off that have been behind for the longest time.',
  ),
  connections: whole(1, 10_000_000, standard.connections, 'WebSockets of all clients together.'),
  connectionsPerAddress: whole(
    1,
    10_000_000,
    standard.connectionsPerAddress,
    'WebSockets of one address; an IPv6 address counts by its first 64 bits.',
  ),
  strangersPerAddress: whole(
    1,
    10_000_000,
    standard.strangersPerAddress,
    'WebSockets of one address that have no `welcome` yet; each may have a whole frame buffered for it.',
  ),
  httpConnections: whole(
    16,
    1_000_000,
    standard.httpConnections,
    'Connections of all clients together that are no WebSocket, or not yet.',
  ),
  httpConnectionsPerAddress: whole(
    1,
    1_000_000,
    standard.httpConnectionsPerAddress,
    'As `httpConnections`, of one address. Those of a proxy in `trustedProxies` are not counted here.',
  ),
  sessionsPerUser: whole(1, 1_000_000, standard.sessionsPerUser, 'Sessions of one principal.'),
  connectsPerAddressPerS: whole(
    1,
    1_000_000,
    standard.connectsPerAddressPerS,
    'New WebSockets of one address in a second.',
  ),
  openRequestsPerAddressPerS: whole(
    1,
    1_000_000,
    standard.openRequestsPerAddressPerS,
    'HTTP requests of one address, to routes that ask for no token or with a bad one, in a second.',
  ),
  floodBursts: whole(
    1,
    1_000,
    standard.floodBursts,
    'Bursts of refused messages that a connection may have outstanding before it is closed with 4429.',
  ),
  rates: z.strictObject({
    fix: rate('fix', 'Fixes of drivers'),
    feedFix: rate('feedFix', 'Fixes of feeds'),
    crewCommand: rate('crewCommand', 'Commands of drivers'),
    command: rate('command', 'Commands of all others'),
    query: rate('query', 'Queries'),
    control: rate('control', 'Other messages, such as `hello`, `mark` and what is watched,'),
  } satisfies Record<RateClass, z.ZodType>),
} satisfies Record<keyof Limits, z.ZodType>)

const CLAIM = 'the name of a claim, 1 to 128 characters'
const claim = (name: string) => z.string(`must be ${CLAIM}`).refine(isClaim, `must be ${CLAIM}`).default(name)
const isClaim = (value: string): boolean => isText(value) && value.length <= 128
const SAFE_URL = 'an https URL, or http on loopback, without a user or password'
const safeUrl = z.string(`must be ${SAFE_URL}`).refine(isSafeUrl, `must be ${SAFE_URL}`)
const ROUTER_URL = 'an http or https URL such as http://10.0.0.5:5000, without a user, a password, a ? or a #'
const PREFIX = '1 to 16 characters of a-z 0-9 -, and not "device" or "cli"'
/** Devices, tokens of the command line, and the engine's own name in the log. */
const TAKEN_PREFIXES = ['device', 'cli', 'system']
const isPrefix = (value: string): boolean => /^[a-z0-9-]{1,16}$/.test(value) && !TAKEN_PREFIXES.includes(value)

const auth = z.strictObject({
  accessTokenS: whole(30, DAY_S, 600, 'How long an access token is good for.'),
  refreshTokenS: whole(60, 30 * DAY_S, DAY_S, 'How long a refresh token may lie unused.'),
  sessionMaxAgeS: whole(60, 30 * DAY_S, DAY_S, 'How old a sign-in may get, over all refreshes and reconnects.'),
  adminPassword: optionalText('12 to 128 characters', value => value.length >= 12 && value.length <= 128, {
    purpose:
      'Password of the user `admin`, who is made at the first start. Without it one is made up and printed once.',
    variable: 'GOLDENHOUR_ADMIN_PASSWORD',
    secret: true,
  }),
  scryptLogN: whole(
    14,
    20,
    17,
    'log2 of what a password costs to check; 17 is 128 MB and about 0.4 s, each step doubles.',
  ),
  oidc: objects(
    'a list of issuers',
    {
      issuer: safeUrl,
      audience: z.string('must be 1 to 256 characters').min(1, 'must be 1 to 256 characters').max(256),
      jwksUri: safeUrl.nullable().default(null),
      prefix: z.string(`must be ${PREFIX}`).refine(isPrefix, `must be ${PREFIX}`),
      roleClaim: claim('role'),
      regionsClaim: claim('regions'),
      unitClaim: claim('unit'),
    },
    {
      purpose:
        'Other parties whose tokens are taken: `issuer`, `audience` and `prefix` (put before their subjects: ' +
        '`<prefix>:<sub>`); if needed `jwksUri`, `roleClaim`, `regionsClaim`, `unitClaim`.',
      variable: 'GOLDENHOUR_OIDC',
    },
  ),
})

export const schema = z.strictObject({
  port: whole(0, 65_535, 9001, {
    purpose: 'Where WebSocket and HTTP are served; 0 lets the system pick a port. It is taken exclusively.',
    variable: 'PORT',
  }),
  host: textThat('an address or host name', isText, '0.0.0.0', 'The address to listen on.'),
  databaseUrl: optionalText(POSTGRES_URL, isPostgresUrl, {
    purpose: 'A Postgres (14 or newer) of your own. Without it the embedded one runs.',
    variable: 'DATABASE_URL',
    secret: true,
  }),
  dataDir: optionalText('a path', isText, {
    purpose: 'Where the embedded Postgres lives.',
    defaultInWords: '`/var/lib/goldenhour` as root, else `$XDG_STATE_HOME/goldenhour` or `~/.local/state/goldenhour`',
  }),
  clockRate: above0(
    100_000,
    1,
    'Region milliseconds that pass in a wall millisecond; fixed by the first record in a database.',
  ),
  logLevel: choiceOf(LOG_LEVELS, 'info', 'The least severe lines that the log has.'),
  logFormat: choiceOf(
    LOG_FORMATS,
    'auto',
    'The form of the log: `json`, one object a line; `text`, for people; or `auto`: for people at a terminal, JSON elsewhere.',
  ),
  transport: choiceOf(
    TRANSPORTS,
    'auto',
    'What carries HTTP and WebSockets: `native` (uWebSockets.js), `portable` (node:http and ws, at up to twice the cost), or `auto`: the native one where it loads.',
  ),
  drainLimitMs: whole(0, 3_600_000, 10_000, 'The longest that a shutdown may take before the process exits with 1.'),
  tls: z.strictObject({
    certFile: optionalText('a path', isText, {
      purpose: 'PEM file with the certificate and those above it. With it and its key, wss and https are served.',
      variable: 'GOLDENHOUR_TLS_CERT',
    }),
    keyFile: optionalText('a path', isText, {
      purpose: "PEM file with the certificate's key.",
      variable: 'GOLDENHOUR_TLS_KEY',
    }),
  }),
  allowedOrigins: listOf(
    '"*" or an origin such as https://console.example.org or capacitor://localhost',
    isOrigin,
    "Origins whose pages may connect and call, besides the engine's own: of web sites, and of apps that are web views. Programs send no origin and need none.",
  ),
  trustedProxies: listOf(
    'an address or a CIDR such as 10.0.0.0/8',
    isRange,
    'Proxies whose `Forwarded` and `X-Forwarded-*` headers are believed.',
  ),
  metricsFrom: listOf(
    'an address or a CIDR such as 10.0.0.0/8',
    isRange,
    'Who may read `/metrics`, besides this machine. Behind a proxy on this machine list it in `trustedProxies`, or its ' +
      'clients count as this machine.',
  ),
  ownNames: listOf(
    'a host name such as dispatch.example.org',
    isHostName,
    'Names that clients reach the engine by. With any set, a page counts as its own only under one of them, and ' +
      '`/metrics` is shown under no other; addresses and `localhost` always do.',
  ),
  filesKept: whole(
    50,
    100_000,
    100,
    'Open files that connections leave to the database, the log and all else. Where the system allows the process ' +
      'fewer files than all connections and these, the caps on connections are lowered, with a warning.',
  ),
  routing: z.strictObject({
    server: optionalText(ROUTER_URL, isRouterUrl, {
      purpose:
        'A routing server that a dispatcher\'s "nearest" goes by, never a decision. It is sent where units are. Without it the ' +
        "region's own roads answer, or the straight line.",
      variable: 'GOLDENHOUR_ROUTING_SERVER',
    }),
    kind: choiceOf(ROUTERS, 'osrm', 'What `routing.server` is.'),
    timeoutMs: whole(20, 2_000, 300, 'How long an answer of "nearest" may wait for it; then the own times stand.'),
    maxPlaces: whole(
      2,
      1_000,
      100,
      'Places in one request that it takes, the destination among them: OSRM takes 100 unless it was started with ' +
        '`--max-table-size`, Valhalla 50 unless its `service_limits` say otherwise.',
    ),
  }),
  map: z.strictObject({
    tiles: optionalText(TILE_URL, isTileUrl, {
      purpose:
        "Pictures of the land under the roads of the console's map: 256 pixels, Web Mercator. Browsers ask that server for them, so it " +
        'learns where dispatchers look. Without it the map shows the own roads alone, and the page asks nobody else for anything.',
      variable: 'GOLDENHOUR_MAP_TILES',
    }),
    attribution: optionalText('one line of text', isText, {
      purpose: 'Whose pictures those are, as the licence wants it said; it stands on the map.',
      variable: 'GOLDENHOUR_MAP_ATTRIBUTION',
    }),
  }),
  retention: z.strictObject({
    segmentsDays: whole(
      0,
      36_500,
      0,
      'After how many days `goldenhour archive run` moves stored positions into files; 0: never, all stay in the database.',
    ),
    packHours: whole(
      0,
      876_000,
      0,
      'After how many hours `goldenhour pack` packs stored positions into a track for each unit; 0: never. Let it be longer than from ' +
        'one backup to the next.',
    ),
    personalDays: whole(
      0,
      36_500,
      0,
      'After how many days `goldenhour erase --old` erases the personal data of calls that are over; 0: never.',
    ),
    archiveDir: optionalText('a path', isText, {
      purpose: 'Where `goldenhour archive run` puts those files. Keep it on another disk, and in the backups.',
    }),
  }),
  webhooks: objects('a list of webhooks', WEBHOOK_SHAPE, {
    purpose:
      'Who is told of events by HTTP ([webhooks](webhooks.md)): `name`, `url`, and `secret` or `secretFile`; if needed `events` and ' +
      '`regions` (all, where they are left out), `personalData` (false) and `timeoutMs` (15000).',
    secret: true,
  }),
  auth,
  limits,
})

export type Values = z.output<typeof schema>
