// A small CSV reader and writer for what the pages do themselves: column pickers, enrolment, leaving studies out.
// The numbers of a result never come from here; Lumbar reads its own tables.

export interface Table { header: string[]; rows: string[][] }

/** The separator that splits the first line into most cells. */
export function separatorOf(text: string): string {
  const line = text.slice(0, (text + '\n').indexOf('\n'));
  let best = ',';
  for (const candidate of [',', ';', '\t']) {
    if (line.split(candidate).length > line.split(best).length) best = candidate;
  }
  return best;
}

export function parseCsv(text: string): Table {
  const body = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(body);
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < body.length; i++) {
    const c = body[i]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (body[i + 1] === '"') { cell += '"'; i++; }
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === separator) { row.push(cell); cell = ''; }
    else if (c === '\n') { row.push(cell); rows.push(row); row = []; cell = ''; }
    else if (c !== '\r') cell += c;
  }
  if (cell !== '' || row.length > 0) { row.push(cell); rows.push(row); }
  const filled = rows.filter((r) => r.length > 1 || r[0] !== '');
  return { header: filled[0] ?? [], rows: filled.slice(1) };
}

export function writeCsv(table: Table): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [table.header, ...table.rows].map((r) => r.map(cell).join(',')).join('\n') + '\n';
}

/** The cells of one column, or an empty list when the table has none of that name. */
export function columnOf(table: Table, name: string): string[] {
  const at = table.header.indexOf(name);
  return at < 0 ? [] : table.rows.map((r) => r[at] ?? '');
}

export function isNumeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

/** The header of a file without reading all of it: enough for the column pickers. */
export async function headerOf(file: Blob): Promise<string[]> {
  return parseCsv((await file.slice(0, 65536).text()).split('\n')[0] ?? '').header;
}
