/**
 * The files of the web pages that come with the engine, as `tools/console` built them: an exact table, read once at the start.
 *
 * Nothing is looked up on the disk for a stranger's path. A name with a hash in it stands for the same bytes for ever, so
 * browsers keep those; pages themselves are asked for again each time, and answered 304 where they have not changed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Logger } from '../telemetry/log.ts'

/** What the builder wrote down of each file, in `files.json`. */
const LIST = z.record(
  z.string().regex(/^[\w.-]{1,100}$/),
  z.strictObject({ contentType: z.string(), etag: z.string(), codings: z.array(z.enum(['br', 'gzip'])) }),
)

/** Pictures of the land that maps may show, from elsewhere. */
export interface MapBackground {
  /** With {z}, {x} and {y} in it. */
  readonly tiles: string
  /** Whose pictures they are; stands on the map. */
  readonly attribution: string
}

export interface WebFile {
  readonly contentType: string
  /** With its quotes; of the bytes before they were compressed. */
  readonly etag: string
  readonly plain: Uint8Array
  /** By their names in HTTP, the best first. */
  readonly packed: ReadonlyMap<string, Uint8Array>
}

const SUFFIX = { br: '.br', gzip: '.gz' } as const

export class WebFiles {
  readonly #files: ReadonlyMap<string, WebFile>

  private constructor(files: ReadonlyMap<string, WebFile>) {
    this.#files = files
  }

  /** Null where nothing was built: a checkout without what its development needs. Errors: Error for files that do not fit together. */
  static read(dir: URL): WebFiles | null {
    const list = new URL('files.json', dir)
    if (!existsSync(list)) return null
    const listed = LIST.parse(JSON.parse(readFileSync(list, 'utf8')))
    const files = Object.entries(listed).map(([name, { contentType, etag, codings }]): [string, WebFile] => {
      const packed = codings.map((coding): [string, Uint8Array] => [
        coding,
        readFileSync(new URL(`${name}${SUFFIX[coding]}`, dir)),
      ])
      return [name, { contentType, etag, plain: readFileSync(new URL(name, dir)), packed: new Map(packed) }]
    })
    return new WebFiles(new Map(files))
  }

  get(name: string): WebFile | undefined {
    return this.#files.get(name)
  }
}

/** As `read`, but an engine serves without its web pages as well: null, and a warning, for files that do not fit together. */
export function pagesIn(dir: URL, log: Logger): WebFiles | null {
  try {
    return WebFiles.read(dir)
  } catch (error) {
    log.warn({ err: error }, 'the console cannot be read; build it anew with npm run build:console')
    return null
  }
}

/** The bytes for a client that takes these codings, and the name of the one chosen; null: as they are. */
export function packedFor(
  { plain, packed }: Pick<WebFile, 'plain' | 'packed'>,
  acceptEncoding: string,
): { readonly coding: string | null; readonly bytes: Uint8Array } {
  const taken = new Set(
    acceptEncoding
      .split(',')
      .map(each => each.trim().toLowerCase().split(';'))
      // A weight of nothing is a refusal.
      .filter(([, weight]) => !/^\s*q=0(\.0*)?$/.test(weight ?? ''))
      .map(([coding]) => coding!.trim()),
  )
  for (const [coding, bytes] of packed) if (taken.has(coding)) return { coding, bytes }
  return { coding: null, bytes: plain }
}
