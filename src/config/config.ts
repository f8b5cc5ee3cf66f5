/** What everyone else sees of the configuration: one typed value, frozen to its last field. */
import type { RoutingServerKind } from '../domain/dispatch/routing-server.ts'
import type { Limits } from '../protocol/limits.ts'

export interface Config {
  /** 0 lets the system pick one. */
  readonly port: number
  readonly host: string
  /** The operator's own Postgres; null: the embedded one in `dataDir`. */
  readonly databaseUrl: string | null
  /** Where the embedded Postgres lives; absolute. */
  readonly dataDir: string
  /** Region milliseconds that pass in one wall millisecond. */
  readonly clockRate: number
  /** `auto`: the native one where it loads. */
  readonly transport: (typeof TRANSPORTS)[number]
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** `auto`: for people at a terminal, JSON elsewhere. */
  readonly logFormat: (typeof LOG_FORMATS)[number]
  /** The longest that a drain may take before the process ends anyway. */
  readonly drainLimitMs: number
  readonly limits: Limits
  /** PEM files; null: plain, for loopback or behind a proxy. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** Origins whose pages may connect and call, or `*`. */
  readonly allowedOrigins: readonly string[]
  /** CIDRs whose `Forwarded` headers are believed. */
  readonly trustedProxies: readonly string[]
  /** CIDRs that `/metrics` is shown to, besides this machine. */
  readonly metricsFrom: readonly string[]
  /** Host names that clients reach us by; empty: whatever a client calls us. */
  readonly ownNames: readonly string[]
  /** Open files that connections leave to the rest of the process. */
  readonly filesKept: number
  readonly auth: AuthConfig
  /** The server that the desk's "nearest" is asked of; null: the engine's own times alone. */
  readonly routing: RoutingConfig | null
  /** Null: the console's map has the region's roads alone. */
  readonly map: MapConfig | null
  readonly retention: RetentionConfig
  readonly webhooks: readonly WebhookConfig[]
}

/** Who is told of events by HTTP. */
interface WebhookConfig {
  /** Known by it in the database, the log and metrics. */
  readonly name: string
  readonly url: string
  /** It, or the file that has it. */
  readonly secret: string | null
  /** Absolute. */
  readonly secretFile: string | null
  /** Names of events; none: all. */
  readonly events: readonly string[]
  /** None: all. */
  readonly regions: readonly string[]
  /** Whether places, problems and people's names are told. */
  readonly personalData: boolean
  /** Until a message is answered. */
  readonly timeoutMs: number
}

/** What leaves the database for its age; never by itself. */
interface RetentionConfig {
  /** 0: nothing does. Of positions, by `goldenhour archive run`. */
  readonly segmentsDays: number
  /** 0: nothing is. Positions stay in the database, by `goldenhour pack`, in the form of tracks. */
  readonly packHours: number
  /** As the first, of the personal data of calls, by `goldenhour erase --old`. */
  readonly personalDays: number
  readonly archiveDir: string | null
}

/** Pictures of the land, under the roads of the console's map. */
interface MapConfig {
  /** With {z}, {x} and {y} in it. */
  readonly tiles: string
  /** Whose pictures they are; stands on the map. */
  readonly attribution: string
}

interface RoutingConfig {
  readonly kind: RoutingServerKind
  /** Without a slash at its end. */
  readonly url: string
  /** How long one answer of "nearest" waits for it at most. */
  readonly timeoutMs: number
  /** Places in one request, the destination among them. */
  readonly maxPlaces: number
}

interface AuthConfig {
  readonly accessTokenS: number
  /** How long a refresh token may lie unused. */
  readonly refreshTokenS: number
  /** How old a sign-in may get, over all refreshes and reconnects. */
  readonly sessionMaxAgeS: number
  /** Of the user `admin` at the first start; null: made up and printed once. */
  readonly adminPassword: string | null
  /** log2 of scrypt's cost; 17 is 128 MB and about 0.4 s a password. */
  readonly scryptLogN: number
  readonly oidc: readonly OidcIssuer[]
}

/** Another party whose tokens are taken. */
interface OidcIssuer {
  readonly issuer: string
  readonly audience: string
  /** Where its keys are; null: as its discovery document says. */
  readonly jwksUri: string | null
  /** Put before its subjects, so that none of them can be taken for a user of ours: `<prefix>:<sub>`. */
  readonly prefix: string
  readonly roleClaim: string
  readonly regionsClaim: string
  readonly unitClaim: string
}

/** Said here as well, since no command loads the domain for its settings. */
export const ROUTERS = ['osrm', 'valhalla'] as const satisfies readonly RoutingServerKind[]
export const TRANSPORTS = ['auto', 'native', 'portable'] as const
export const LOG_FORMATS = ['auto', 'json', 'text'] as const
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
