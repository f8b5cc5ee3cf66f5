/**
 * A file of segments: gzip over lines of JSON. The first line says what it is; then comes a line for each segment, its bytes in
 * base64; the last has how many they were and SHA-256, in hex, over all lines before it with their ends.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { RegionId } from '../../domain/ids.ts'
import type { ArchivedSegment } from '../location/archives.ts'
import { AgeRefused } from './age-work.ts'

const FORMAT = 'goldenhour segments 1'

interface Written {
  readonly fileBytes: number
  /** Of the file as it lies there, in hex. */
  readonly sha256: string
}

/** Writes it beside its name, and gives it that once it is on the disk. Errors: those of the file system and of the segments. */
export async function writeArchiveFile(
  file: string,
  region: RegionId,
  segments: AsyncIterable<ArchivedSegment>,
): Promise<Written> {
  const partial = `${file}.partial`
  const hash = createHash('sha256')
  let fileBytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      fileBytes += chunk.length
      done(null, chunk)
    },
  })
  const lines = Readable.from(linesOf(region, segments))
  await pipeline(lines, createGzip(), counted, createWriteStream(partial, { mode: 0o600 }))
  await onDisk(partial)
  await rename(partial, file)
  await onDisk(path.dirname(file))
  return { fileBytes, sha256: hash.digest('hex') }
}

async function* linesOf(region: RegionId, segments: AsyncIterable<ArchivedSegment>): AsyncIterable<string> {
  const hash = createHash('sha256')
  const counted = (line: string): string => {
    hash.update(line)
    return line
  }
  yield counted(`${JSON.stringify({ format: FORMAT, region })}\n`)
  let count = 0
  for await (const { bytes, ...segment } of segments) {
    count += 1
    yield counted(`${JSON.stringify({ ...segment, bytes: bytes.toString('base64') })}\n`)
  }
  yield `${JSON.stringify({ segments: count, sha256: hash.digest('hex') })}\n`
}

async function onDisk(name: string): Promise<void> {
  const handle = await open(name, 'r')
  await handle.sync().finally(() => handle.close())
}

/** The region of a file, and its segments. Errors: AgeRefused for a file that is not whole; those of the file system. */
export async function* readArchiveFile(
  file: string,
): AsyncIterable<{ readonly region: RegionId; readonly segment: ArchivedSegment }> {
  const gunzip = createGunzip()
  const source = createReadStream(file)
  source.on('error', error => gunzip.destroy(error))
  const lines = createInterface({ input: source.pipe(gunzip), crlfDelay: Number.POSITIVE_INFINITY })
  let [region, count, isEnded] = ['', 0, false]
  const hash = createHash('sha256')
  try {
    for await (const line of lines) {
      const value = parsed(file, line)
      if (region === '') region = headOf(file, value)
      else if ('segments' in value) {
        isEnded = isEnd(value, count, hash)
        break
      } else {
        count += 1
        yield { region, segment: segmentOf(value) }
      }
      hash.update(`${line}\n`)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error
    throw notWhole(file)
  } finally {
    source.destroy()
  }
  if (!isEnded) throw notWhole(file)
}

/** Of the file as it lies there. Errors: those of the file system. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const notWhole = (file: string): AgeRefused =>
  new AgeRefused(`${file} is not whole, or no file of segments; take another copy of it.`)

type Line = Readonly<Record<string, unknown>>

function parsed(file: string, line: string): Line {
  try {
    return JSON.parse(line) as Line
  } catch {
    throw notWhole(file)
  }
}

function headOf(file: string, { format, region }: Line): RegionId {
  if (format !== FORMAT || typeof region !== 'string') throw notWhole(file)
  return region
}

const isEnd = ({ segments, sha256 }: Line, count: number, hash: Hash): boolean =>
  segments === count && sha256 === hash.digest('hex')

function segmentOf(line: Line): ArchivedSegment {
  const segment = line as Omit<ArchivedSegment, 'bytes'> & { readonly bytes: string }
  return { ...segment, bytes: Buffer.from(segment.bytes, 'base64') }
}
