/** The files of `docs/protocol` are what the code says, and the engine reads every frame of theirs as they say. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { decodeBinary } from '../../src/protocol/codec.ts'
import { EVENT_SCHEMAS } from '../../src/protocol/event-schemas.ts'
import { parseFrame } from '../../src/protocol/parse.ts'
import { CLIENT_TYPES, type ClientTypeName, SERVER_TYPES } from '../../src/protocol/wire/message-types.ts'
import { clientSchema } from '../../tools/protocol/catalogue.ts'
import { protocolFiles } from '../../tools/protocol/files.ts'
import { serverSchema } from '../../tools/protocol/server-schema.ts'
import { goodFrames } from '../../tools/protocol/vectors.ts'
import { DOCUMENT, quoted, tableAfter } from './document.ts'
import { MAX_BYTES, OFFER, SAMPLES } from './frames.ts'

interface BadFrame {
  readonly why: string
  readonly format: 'json' | 'binary'
  readonly frame: string
  readonly code: string
  readonly path: string | null
}

const DIRECTORY = new URL('../../docs/protocol/', import.meta.url)
const BAD = JSON.parse(readFileSync(new URL('bad-frames.json', DIRECTORY), 'utf8')) as readonly BadFrame[]

test('the files are what `npm run protocol` makes of the code and the page', () => {
  for (const [file, content] of protocolFiles(DOCUMENT)) {
    assert.ok(readFileSync(file, 'utf8') === content, `${file.pathname} is out of date: run npm run protocol`)
  }
})

test('a good frame is one message in both formats', () => {
  const good = goodFrames(DOCUMENT)
  assert.ok(good.length > 40)
  for (const { side, json, hex } of good) {
    const [name, ...fields] = json as [string, ...unknown[]]
    const bytes = Buffer.from(hex, 'hex')
    const codes: Readonly<Record<string, number>> = side === 'client' ? CLIENT_TYPES : SERVER_TYPES
    assert.deepEqual(decodeBinary(bytes), [codes[name], ...fields])
    if (side !== 'client') continue
    const binary = parseFrame(bytes, 'binary', MAX_BYTES)
    assert.ok(binary.ok, name)
    assert.deepEqual(parseFrame(Buffer.from(JSON.stringify(json)), 'json', MAX_BYTES), binary)
  }
})

test('a bad frame is refused with its code and path', () => {
  for (const { why, format, frame, code, path } of BAD) {
    const parsed = parseFrame(Buffer.from(frame, format === 'binary' ? 'hex' : 'utf8'), format, MAX_BYTES)
    const got = parsed.ok ? null : [parsed.refusal.code, parsed.refusal.details?.path ?? null]
    assert.deepEqual(got, [code, path], why)
  }
})

test('the schema takes what the engine takes, and refuses a message that is cut short', () => {
  const { $defs } = clientSchema() as { $defs: Readonly<Record<string, Parameters<typeof z.fromJSONSchema>[0]>> }
  for (const type of Object.keys(CLIENT_TYPES) as ClientTypeName[]) {
    const schema = z.fromJSONSchema($defs[type]!)
    const taken = schema.safeParse(SAMPLES[type])
    assert.ok(taken.success, `${type}: ${taken.error?.message}`)
    assert.ok(!schema.safeParse((SAMPLES[type] as unknown[]).slice(0, -1)).success, type)
    assert.ok(!schema.safeParse(['no type', ...(SAMPLES[type] as unknown[]).slice(1)]).success, type)
  }
})

test('each schema is one of draft 2020-12, and its good frames are of its form', () => {
  const ajv = new Ajv2020({ strict: false })
  const compiled = (name: string) => ajv.compile(JSON.parse(readFileSync(new URL(name, DIRECTORY), 'utf8')))
  const sides = {
    client: compiled('client-messages.schema.json'),
    server: compiled('server-messages.schema.json'),
  }
  const isEvent = compiled('events.schema.json')
  for (const { side, json } of goodFrames(DOCUMENT)) {
    assert.ok(sides[side](json), `${JSON.stringify(json)}: ${JSON.stringify(sides[side].errors)}`)
  }
  assert.ok(isEvent({ type: 'CallClosed', v: 1, entity: `call/${OFFER}`, callId: OFFER, new: 'is left aside' }))
  assert.ok(!isEvent({ type: 'CallClosed', v: 1, entity: `trip/${OFFER}`, callId: OFFER }))
})

test('the fields of events, messages and views in the schemas are those of the page', () => {
  const rows = tableAfter('## Events').map(([event, fields]) => [quoted(event!)[0]!, quotedWithMarks(fields!)])
  const fromSchemas = EVENT_SCHEMAS.map(schema => {
    const { type, v: _, entity: __, atMs: ___, ...fields } = schema.shape
    return [type.value, Object.entries(fields).map(([name, field]) => marked(name, field as z.ZodType))]
  })
  assert.deepEqual(fromSchemas, rows)
  const { $defs } = serverSchema() as { $defs: Readonly<Record<string, { readonly properties?: object }>> }
  for (const view of ['WelcomeView', 'DriverView', 'UnitView', 'FixView', 'TripView', 'OfferView']) {
    const named = tableAfter(`### ${view}`).flatMap(([fields]) => quoted(fields!))
    assert.deepEqual(Object.keys($defs[view]!.properties!).sort(), named.sort(), view)
  }
})

/** `x`, `x`? where it may be null, [`x`] where it may be absent: as the page writes it. */
const quotedWithMarks = (cell: string): string[] =>
  [...cell.matchAll(/\[`\w+`\]|`\w+`\??/g)].map(([field]) => field.replaceAll('`', ''))
const marked = (name: string, field: z.ZodType): string => {
  if (field.def.type === 'optional') return `[${name}]`
  return field.def.type === 'nullable' ? `${name}?` : name
}
