/** Where people and programs of this machine find an engine. */
import type { Config } from './config.ts'

/** As a URL; an engine that listens on all addresses is reached by this machine's own name. */
export const addressOf = ({ host, tls }: Pick<Config, 'host' | 'tls'>, port: number): string =>
  addressAt(tls === null ? 'http:' : 'https:', host, port)

/** As `addressOf`, of an engine that has settings of its own. */
export function addressAt(protocol: 'http:' | 'https:', host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${protocol}//${name}:${port}/`
}
