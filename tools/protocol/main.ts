/** Writes the files of `docs/protocol` anew: `npm run protocol`, after a change of the protocol. */
import { readFileSync, writeFileSync } from 'node:fs'
import { protocolFiles } from './files.ts'

const page = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8')
for (const [file, content] of protocolFiles(page)) writeFileSync(file, content)
