/**
 * Environment and file in, one frozen typed value out; the one reader of process.env.
 *
 * A variable wins over the file, and the file over the default. Everything that is wrong is told at once, each with where
 * it came from and what it must be; the value of a secret is never repeated.
 */
import { homedir } from 'node:os'
import path from 'node:path'
import type { z } from 'zod'
import { numberOfText } from '../protocol/number-text.ts'
import type { Config } from './config.ts'
import { CROSS_RULES } from './cross-rules.ts'
import { isOpenBeyondGroup, isReadableByOthers, readConfigFile } from './file.ts'
import { nearest } from './nearest.ts'
import { schema, type Values } from './schema.ts'
import { nested, SETTINGS, type Setting } from './settings.ts'

export type { Config } from './config.ts'
export { configurationDocument } from './document.ts'

/** Settings have values that cannot be used; the message names each, with what it must be. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join(' '))
    this.problems = problems
  }
}

export interface SettingValue {
  readonly setting: Setting
  readonly value: unknown
  /** `PORT`, `port in /etc/goldenhour.json`, or `default`. */
  readonly source: string
}

export interface Inspection {
  /** Null while there are problems. */
  readonly config: Config | null
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** Every setting, good or not. */
  readonly values: readonly SettingValue[]
}

const PREFIX = 'GOLDENHOUR_'
const FILE_VARIABLE = 'GOLDENHOUR_CONFIG'
/** Of the project's own tests and benches. */
const RESERVED = 'GOLDENHOUR_TEST_'
const VARIABLES = [...SETTINGS.map(({ variable }) => variable), FILE_VARIABLE]

/**
 * Reads the configuration; a variable that is empty counts as not set. `file` stands in for GOLDENHOUR_CONFIG.
 * Errors: InvalidConfig.
 */
export function readConfig(
  env: NodeJS.ProcessEnv = process.env,
  file?: string,
  warn: (warning: string) => void = () => undefined,
): Config {
  const { config, problems, warnings } = inspectConfig(env, file)
  for (const warning of warnings) warn(warning)
  if (config === null) throw new InvalidConfig(problems)
  return config
}

/** Whether npm or npx runs this program; it is no setting, but stands in the environment. */
export const isRunByNpm = (): boolean => process.env.npm_lifecycle_event !== undefined

/** As `readConfig`, with everything there is to say; does not throw. */
export function inspectConfig(env: NodeJS.ProcessEnv = process.env, file?: string): Inspection {
  const set = new Map(Object.entries(env).filter(([, value]) => value !== undefined && value !== '')) as Map<
    string,
    string
  >
  const name = file ?? set.get(FILE_VARIABLE)
  const fromFile = name === undefined ? null : { path: path.resolve(name), ...readConfigFile(path.resolve(name)) }
  const problems = [...unknownVariables(set), ...(fromFile?.problems ?? [])]

  const values = SETTINGS.map(setting => given(setting, set, fromFile))
  const parsed = new Map<string, unknown>()
  for (const { setting, value, source } of values) {
    const result = setting.schema.safeParse(value)
    if (result.success) parsed.set(setting.key, result.data)
    else problems.push(...result.error.issues.map(issue => problemOf(issue, setting, source)))
  }
  const merged = nested(parsed) as Values
  for (const { keys, holds, message } of CROSS_RULES) {
    if (keys.every(key => parsed.has(key)) && !holds(merged)) problems.push(message)
  }

  const config = problems.length > 0 ? null : frozen(assembled(schema.parse(merged), env.XDG_STATE_HOME))
  return {
    config,
    problems,
    warnings: [...warningsOf(fromFile), ...keyWarnings(config)],
    values: shown(values, config),
  }
}

function unknownVariables(set: ReadonlyMap<string, string>): string[] {
  return [...set.keys()]
    .filter(name => name.startsWith(PREFIX) && !name.startsWith(RESERVED) && !VARIABLES.includes(name))
    .map(name => `${name} is not a setting; did you mean ${meantBy(name)}?`)
}

/** Some names are those that other programs use, without our prefix. */
function meantBy(name: string): string {
  const bare = name.slice(PREFIX.length)
  return VARIABLES.includes(bare) ? bare : nearest(name, VARIABLES)
}

function given(
  setting: Setting,
  set: ReadonlyMap<string, string>,
  file: { readonly path: string; readonly values: ReadonlyMap<string, unknown> } | null,
): SettingValue {
  const { key, variable, standard } = setting
  const text = set.get(variable)
  if (text !== undefined) return { setting, value: fromText(setting, text), source: variable }
  if (file?.values.has(key)) return { setting, value: file.values.get(key), source: `${key} in ${file.path}` }
  return { setting, value: standard, source: 'default' }
}

/** What the file would have for a variable's text; a text that has no such value stays one, and fails its schema. */
function fromText({ form }: Setting, text: string): unknown {
  switch (form) {
    case 'text':
      return text
    case 'number':
      return numberOfText(text) ?? text
    case 'list':
      return text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
    case 'json':
      try {
        return JSON.parse(text)
      } catch {
        return text
      }
  }
}

function problemOf(issue: z.core.$ZodIssue, { must, form }: Setting, source: string): string {
  const where = issue.path.map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  if (issue.path.length === 0) return `${source} must be ${must}${form === 'json' ? ', as JSON' : ''}.`
  // Behind the key, which in a file is not the end of the source: `auth.oidc[0].issuer in FILE`.
  const [name, ...rest] = source.split(' ')
  const place = [`${name}${where}`, ...rest].join(' ')
  if (issue.code === 'unrecognized_keys') return `${place} must not have the key ${issue.keys.join(', ')}.`
  return `${place} ${issue.message}.`
}

function keyWarnings(config: Config | null): string[] {
  const keyFile = config?.tls?.keyFile
  const secretFiles = config?.webhooks.flatMap(({ name, secretFile }) =>
    secretFile === null ? [] : [[`secretFile of the webhook ${name}`, secretFile] as const],
  )
  return [...(keyFile === undefined ? [] : [['tls.keyFile', keyFile] as const]), ...(secretFiles ?? [])]
    .filter(([, file]) => isOpenBeyondGroup(file))
    .map(([what, file]) => `${what} ${file} can be read or changed by others; chmod 640 it, or 600.`)
}

function warningsOf(file: { readonly path: string; readonly values: ReadonlyMap<string, unknown> } | null): string[] {
  if (file === null || !isReadableByOthers(file.path)) return []
  const secrets = SETTINGS.filter(({ key, secret }) => secret && (file.values.get(key) ?? null) !== null)
  if (secrets.length === 0) return []
  return [`${file.path} holds ${secrets.map(({ key }) => key).join(', ')} and can be read by others; chmod 600 it.`]
}

/** With what was made of them, where they are good. */
function shown(values: readonly SettingValue[], config: Config | null): SettingValue[] {
  return values.map(each => (each.setting.key === 'dataDir' && config ? { ...each, value: config.dataDir } : each))
}

function assembled(
  {
    dataDir,
    tls: { certFile, keyFile },
    routing: { server, ...routing },
    map: { tiles, attribution },
    webhooks,
    ...rest
  }: Values,
  xdgStateHome: string | undefined,
): Config {
  return {
    ...rest,
    dataDir: path.resolve(dataDir ?? defaultDataDir(xdgStateHome)),
    tls:
      certFile === null || keyFile === null
        ? null
        : { certFile: path.resolve(certFile), keyFile: path.resolve(keyFile) },
    map: tiles === null || attribution === null ? null : { tiles, attribution },
    webhooks: webhooks.map(({ secretFile, ...hook }) => ({
      ...hook,
      secretFile: secretFile === null ? null : path.resolve(secretFile),
    })),
    routing: server === null ? null : { ...routing, url: server.replace(/\/+$/, '') },
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}

/** One state directory a machine when we run as root (a service), else one a user. */
function defaultDataDir(xdgStateHome: string | undefined): string {
  if (process.geteuid?.() === 0) return '/var/lib/goldenhour'
  // The XDG specification says to ignore a relative path.
  const stateHome =
    xdgStateHome !== undefined && path.isAbsolute(xdgStateHome) ? xdgStateHome : path.join(homedir(), '.local', 'state')
  return path.join(stateHome, 'goldenhour')
}
