/** Self-signed certificates for loopback, made of node:crypto and a few lines of DER: no other program is needed. */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'

const SEQUENCE = 0x30
const SET = 0x31
const EXPLICIT_0 = 0xa0
const EXPLICIT_3 = 0xa3
const COMMON_NAME = oid(2, 5, 4, 3)
const SUBJECT_ALT_NAME = oid(2, 5, 29, 17)
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid(1, 2, 840, 10045, 4, 3, 2))

export interface MadeCertificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

/** Of 127.0.0.1, with the name that tells one certificate from another. */
export function makeCertificate(commonName: string, { goodForS = 3_600 } = {}): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from(commonName)))))
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)])
  // In the SAN an IP address has the context tag 7.
  const altName = der(SEQUENCE, Buffer.from([0x87, 4, 127, 0, 0, 1]))
  const toBeSigned = der(
    SEQUENCE,
    der(EXPLICIT_0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, utcTime(Math.min(0, goodForS) - 3_600), utcTime(goodForS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXPLICIT_3, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, der(0x04, altName)))),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const whole = der(SEQUENCE, toBeSigned, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content])
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 255]), content])
}

function oid(first: number, second: number, ...rest: number[]): Buffer {
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const groups = [part & 127]
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

/** Seconds from now. */
function utcTime(fromNowS: number): Buffer {
  const iso = new Date(Date.now() + fromNowS * 1_000).toISOString()
  return der(0x17, Buffer.from(`${iso.slice(2, 19).replace(/[-:T]/g, '')}Z`))
}

/** A certificate and its key as files, which go with the test. */
export function certificateFiles(test: TestContext): { readonly certFile: string; readonly keyFile: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'goldenhour-tls-'))
  test.after(() => rmSync(folder, { recursive: true }))
  const files = { certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') }
  const { cert, key } = makeCertificate('one')
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
  return files
}
