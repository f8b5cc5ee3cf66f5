/** Writes the files of `docs/protocol` that are made from the code: `npm run protocol`, after a change of the protocol or of a rule. */
import { writeFileSync } from 'node:fs'
import { protocolFiles } from './files.ts'
import { protocolText } from './pages.ts'

for (const [file, content] of protocolFiles(protocolText())) writeFileSync(file, content)
