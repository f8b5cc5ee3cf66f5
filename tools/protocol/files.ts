/** The files of `docs/protocol` that are made from the code, as they should be now: the JSON files, and the page of states. */
import { ROUTES } from '../../src/gateway/routes/index.ts'
import { catalogue, clientSchema } from './catalogue.ts'
import { openApi } from './openapi.ts'
import { eventSchema, serverSchema } from './server-schema.ts'
import { statesPage } from './states/page.ts'
import { goodFrames } from './vectors.ts'

const DIRECTORY = new URL('../../docs/protocol/', import.meta.url)

/** Each with its content, by where it lies. Input: the text of the protocol's pages. */
export function protocolFiles(pages: string): ReadonlyMap<URL, string> {
  const text = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`
  return new Map([
    [new URL('catalogue.json', DIRECTORY), text(catalogue())],
    [new URL('client-messages.schema.json', DIRECTORY), text(clientSchema())],
    [new URL('server-messages.schema.json', DIRECTORY), text(serverSchema())],
    [new URL('events.schema.json', DIRECTORY), text(eventSchema())],
    [new URL('openapi.json', DIRECTORY), text(openApi(ROUTES))],
    [new URL('good-frames.json', DIRECTORY), text(goodFrames(pages))],
    [new URL('states.md', DIRECTORY), statesPage()],
  ])
}
