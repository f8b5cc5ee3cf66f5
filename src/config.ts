/** The environment in, one frozen typed value out; the one reader of process.env. */
import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'

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
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** The longest that a drain may take before the process ends anyway. */
  readonly drainLimitMs: number
}

/** Variables have values that cannot be used; the message names each, with what it must be. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig'
}

/**
 * Reads the configuration; a variable that is empty counts as not set.
 * Errors: InvalidConfig.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(set)
  if (!parsed.success) {
    throw new InvalidConfig(parsed.error.issues.map(issue => `${issue.path.join('.')} ${issue.message}.`).join(' '))
  }
  const values = parsed.data
  return Object.freeze({
    port: values.PORT,
    host: values.GOLDENHOUR_HOST,
    databaseUrl: values.DATABASE_URL ?? null,
    dataDir: path.resolve(values.GOLDENHOUR_DATA_DIR ?? defaultDataDir(values.XDG_STATE_HOME)),
    clockRate: values.GOLDENHOUR_CLOCK_RATE,
    logLevel: values.GOLDENHOUR_LOG_LEVEL,
    drainLimitMs: values.GOLDENHOUR_DRAIN_LIMIT_MS,
  })
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const wholeNumber = (from: number, to: number) =>
  z
    .string()
    .refine(
      text => /^\d{1,15}$/.test(text) && Number(text) >= from && Number(text) <= to,
      `must be a whole number from ${from} to ${to}`,
    )
    .transform(Number)

const environment = z.object({
  PORT: wholeNumber(0, 65_535).default(9001),
  GOLDENHOUR_HOST: z.string().default('0.0.0.0'),
  // Its value is never repeated in a message: it may hold a password.
  DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must be a URL such as postgres://user:password@host:5432/name')
    .optional(),
  GOLDENHOUR_DATA_DIR: z.string().optional(),
  GOLDENHOUR_CLOCK_RATE: z
    .string()
    .refine(text => Number.isFinite(Number(text)) && Number(text) > 0, 'must be a number greater than 0')
    .transform(Number)
    .default(1),
  GOLDENHOUR_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  GOLDENHOUR_DRAIN_LIMIT_MS: wholeNumber(0, 3_600_000).default(10_000),
  XDG_STATE_HOME: z.string().optional(),
})

function isPostgresUrl(text: string): boolean {
  return URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol)
}

/** One state directory a machine when we run as root (a service), else one a user. */
function defaultDataDir(xdgStateHome: string | undefined): string {
  if (process.geteuid?.() === 0) return '/var/lib/goldenhour'
  // The XDG specification says to ignore a relative path.
  const stateHome =
    xdgStateHome !== undefined && path.isAbsolute(xdgStateHome) ? xdgStateHome : path.join(homedir(), '.local', 'state')
  return path.join(stateHome, 'goldenhour')
}
