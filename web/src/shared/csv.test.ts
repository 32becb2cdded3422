import { describe, expect, it } from 'vitest';
import { columnOf, headerOf, parseCsv, separatorOf, writeCsv } from './csv';

describe('csv', () => {
  it('reads quotes, doubled quotes, line ends of both kinds and a byte order mark', () => {
    const table = parseCsv('\uFEFFid,name\r\n1,"a ""b"", c"\r\n2,\n');
    expect(table.header).toEqual(['id', 'name']);
    expect(table.rows).toEqual([['1', 'a "b", c'], ['2', '']]);
  });
  it('finds the separator of the first line', () => {
    expect(separatorOf('a;b;c\n1,5;2;3')).toBe(';');
    expect(separatorOf('a\tb\n')).toBe('\t');
    expect(separatorOf('one')).toBe(',');
  });
  it('keeps a line break inside quotes', () => {
    expect(parseCsv('a,b\n"x\ny",2').rows).toEqual([['x\ny', '2']]);
  });
  it('writes what it reads', () => {
    const table = { header: ['slab', 'yi'], rows: [['Aronson, 1948', '-0.88'], ['say "x"', '1']] };
    expect(parseCsv(writeCsv(table))).toEqual(table);
  });
  it('gives a column, or nothing', () => {
    const table = parseCsv('a,b\n1,2\n3,4\n');
    expect(columnOf(table, 'b')).toEqual(['2', '4']);
    expect(columnOf(table, 'zz')).toEqual([]);
  });
  it('reads the header of a file', async () => {
    expect(await headerOf(new Blob(['"x, y",z\n1,2\n']))).toEqual(['x, y', 'z']);
  });
});
