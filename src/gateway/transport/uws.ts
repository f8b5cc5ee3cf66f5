/** Loads uWebSockets.js, after checking that its native binary is one that we know. */

import type * as UwsModule from 'uWebSockets.js'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { LIMITS } from '../../protocol/limits.ts'
import { UWS_BINARY_SHA256 } from './uws-binaries.ts'

export type Uws = typeof UwsModule

/** The WebSocket and HTTP library cannot be used on this machine; the message says what to do. */
export class UwsUnavailable extends Error {
  override readonly name: string = 'UwsUnavailable'
}

/** A binary is there and is not the recorded one: somebody changed it, so nothing is put in its place unasked. */
export class UwsChanged extends UwsUnavailable {
  override readonly name = 'UwsChanged'
}

const SUPPORTED =
  'It loads on Node 20 with glibc 2.27 or later, on Node 22 and 24 with glibc 2.38 or later, on macOS, and on Windows ' +
  'on x64.'

/** A head that is larger is refused before we see it: some more than we take, as it counts what we do not. */
const HEAD_MAX = LIMITS.headBytes + 1_024

let loaded: Uws | undefined

/**
 * The library, loaded once a process.
 *
 * Errors: UwsUnavailable when the binary is missing, is not the recorded one, or does not load on this machine.
 */
export function loadUws(): Uws {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}`
  let path: string
  try {
    path = join(dirname(require.resolve('uWebSockets.js/package.json')), `${name}.node`)
  } catch (error) {
    throw new UwsUnavailable('The package uWebSockets.js is not installed; run npm ci.', { cause: error })
  }
  checkBinary(path, name)
  // Read once, when the binary is loaded; 4 kB without it, of every head on Node 22 and later and of one in parts before.
  process.env.UWS_HTTP_MAX_HEADERS_SIZE = String(HEAD_MAX)
  try {
    loaded = require('uWebSockets.js') as Uws
  } catch (error) {
    throw new UwsUnavailable(`${path} does not load here (${reasonOf(error)}). ${SUPPORTED}`, { cause: error })
  }
  return loaded
}

/**
 * Compares a binary with the recorded hash, before it gets to run.
 *
 * Input: the path, and `uws_<platform>_<arch>_<modules ABI>`. Errors: UwsUnavailable.
 */
export function checkBinary(path: string, name: string): void {
  const expected = UWS_BINARY_SHA256[name]
  if (expected === undefined) {
    throw new UwsUnavailable(
      `There is no uWebSockets.js binary for this platform and Node ${process.versions.node} (${name}). ${SUPPORTED}`,
    )
  }
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new UwsUnavailable(`${path} cannot be read (${reasonOf(error)}); run npm ci.`, { cause: error })
  }
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== expected) {
    throw new UwsChanged(
      `${path} is not the recorded binary: its sha256 is ${actual}, expected ${expected}. It was changed or comes ` +
        'from another release, and was not loaded. Run npm ci to restore it. If you changed the dependency on ' +
        'purpose, check the release, then record its binaries in src/gateway/transport/uws-binaries.ts.',
    )
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? error.name) : String(error)
}
