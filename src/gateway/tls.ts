/** The certificate of the port. It is checked before it is used, and read again when its files change. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** PEM files: the certificate with those between it and its root, and its key, without a passphrase. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Certificate and key cannot be used; the message names the file and says what to do. */
export class CertificateUnfit extends Error {
  override readonly name = 'CertificateUnfit'
}

const POLL_MS = 2_000
/** Ciphers with forward secrecy and authenticated encryption. All ciphers of TLS 1.3 are of that kind and are not listed. */
export const TLS_CIPHERS = 'ECDHE+AESGCM:ECDHE+CHACHA20'

/**
 * Looks whether the files hold a certificate and its key. Output: until when the certificate is good.
 * Errors: CertificateUnfit.
 */
export function checkCertificate({ certFile, keyFile }: TlsFiles): Date {
  const cert = readPem(certFile)
  const key = readPem(keyFile)
  try {
    createSecureContext({ cert, key })
    return new Date(new X509Certificate(cert).validTo)
  } catch (error) {
    throw new CertificateUnfit(
      `${certFile} and ${keyFile} are no certificate and its key (${reasonOf(error)}). Both must be PEM, the key without ` +
        'a passphrase, and belong together.',
      { cause: error },
    )
  }
}

/**
 * Calls `take` when the files have changed, and at SIGHUP. What cannot be used is logged and counted, and the
 * certificate in use stays; the next change is looked at again.
 */
export class CertificateWatch {
  readonly #files: TlsFiles
  readonly #take: () => void
  readonly #log: Logger
  readonly #metrics: Metrics
  readonly #timer: NodeJS.Timeout
  readonly #onSighup = () => this.#reload()
  #seen: string

  constructor(files: TlsFiles, take: () => void, log: Logger, metrics: Metrics) {
    this.#files = files
    this.#take = take
    this.#log = log
    this.#metrics = metrics
    this.#seen = stateOf(files)
    this.#timer = setInterval(() => this.#look(), POLL_MS).unref()
    process.on('SIGHUP', this.#onSighup)
  }

  close(): void {
    clearInterval(this.#timer)
    process.off('SIGHUP', this.#onSighup)
  }

  #look(): void {
    if (stateOf(this.#files) !== this.#seen) this.#reload()
  }

  #reload(): void {
    this.#seen = stateOf(this.#files)
    const { certFile } = this.#files
    try {
      const goodUntil = checkCertificate(this.#files)
      if (goodUntil.getTime() < Date.now()) throw new CertificateUnfit(`${certFile} has expired already.`)
      this.#take()
      this.#metrics.certificateLoad('taken')
      this.#log.info({ certFile, goodUntil }, 'the new certificate is in use')
    } catch (error) {
      this.#metrics.certificateLoad('refused')
      this.#log.error({ err: error, certFile }, 'the new certificate cannot be used; the old one stays')
    }
  }
}

/** What changes when a file is written, replaced, or pointed elsewhere. */
function stateOf({ certFile, keyFile }: TlsFiles): string {
  return [certFile, keyFile]
    .map(file => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? 'none' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
    })
    .join(' ')
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new CertificateUnfit(`${file} cannot be read (${reasonOf(error)}); check the path and who may read it.`, {
      cause: error,
    })
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
