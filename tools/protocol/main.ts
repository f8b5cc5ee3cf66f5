/** Writes the JSON files of `docs/protocol` anew: `npm run protocol`, after a change of the protocol. */
import { writeFileSync } from 'node:fs'
import { protocolFiles } from './files.ts'
import { protocolText } from './pages.ts'

for (const [file, content] of protocolFiles(protocolText())) writeFileSync(file, content)
