/** Rows of a table in a file: each is a line, a JSON object as Postgres writes it, packed by gzip. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'

interface WrittenRows {
  readonly rows: number
  /** Of the file, packed. */
  readonly bytes: number
  readonly sha256: string
}

/** Higher levels take twice the time for a tenth of the bytes. */
const GZIP_LEVEL = 3
const CHUNK_BYTES = 256 * 1024
/** What is handed on at once; a row may be larger. */
const PAGE_CHARS = 2_000_000

/** Makes the file, which is private to its user, and is on the disk when this resolves. Errors: those of the file system and of `pages`. */
export async function writeRowFile(file: string, pages: AsyncIterable<readonly string[]>): Promise<WrittenRows> {
  let rows = 0
  let bytes = 0
  const hash = createHash('sha256')
  async function* texts() {
    for await (const page of pages) {
      rows += page.length
      if (page.length > 0) yield `${page.join('\n')}\n`
    }
  }
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  const made = createWriteStream(file, { flags: 'wx', mode: 0o600 })
  await pipeline(texts, createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES }), counted, made)
  await toDisk(file)
  return { rows, bytes, sha256: hash.digest('hex') }
}

/** Of a file, or of a directory with its names. */
export async function toDisk(file: string): Promise<void> {
  const handle = await open(file)
  await handle.sync().finally(() => handle.close())
}

/** The rows of such a file, some at a time. Errors: those of the file system and of zlib. */
export async function* readRowFile(file: string): AsyncIterable<readonly string[]> {
  const source = createReadStream(file)
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES })
  source.on('error', error => unpacked.destroy(error))
  source.pipe(unpacked).setEncoding('utf8')
  try {
    let rest = ''
    let page: string[] = []
    let chars = 0
    for await (const chunk of unpacked as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        page.push(line)
        chars += line.length
      }
      if (chars < PAGE_CHARS) continue
      yield page
      page = []
      chars = 0
    }
    if (rest !== '') throw new Error(`${file} ends within a row.`)
    if (page.length > 0) yield page
  } finally {
    source.destroy()
    unpacked.destroy()
  }
}

/** Of a whole file, in hex. Errors: those of the file system. */
export async function sha256Of(file: string, onBytes: (bytes: number) => void = () => undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return hash.digest('hex')
}
