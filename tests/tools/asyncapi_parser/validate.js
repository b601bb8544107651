// What the official parser says of each document: one line a diagnostic, exit 1 when one of them is an error.
import { Parser, fromFile } from '@asyncapi/parser';

const parser = new Parser();
let code = 0;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await fromFile(parser, file).parse();
  for (const said of diagnostics) {
    console.log(`${said.severity === 0 ? 'error' : 'hint'} ${said.code} ${said.path.join('/')}: ${said.message}`);
    if (said.severity === 0) code = 1;
  }
  if (!document) code = 1;
}
process.exit(code);
