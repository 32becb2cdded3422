// Versions of the protocol: what each changed; a new one is previewed with the records it touches before it comes into force.
import { Button, FileButton, Group, Paper, Text, Textarea, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay } from '../session/session';
import type { Json, Row } from '../shared/api';
import { DataTable } from '../shared/DataTable';
import { Act } from '../shared/Dialog';
import { isRow, isTable, said } from '../shared/format';
import { IconWarning } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Failure, Loaded } from '../shared/states';
import { get, post } from '../shared/trial';
import { useLabel } from '../shared/label';
import { studyIn, useProtocol } from '../shared/useSites';
import { momentOf } from '../shared/when';

const brief = (value: Json | undefined, language: string) => (value === null || value === undefined ? '–' : isRow(value) && !('en' in value) ? JSON.stringify(value) : said(value, language));

function Changes({ preview }: { preview: Row }) {
  const { t, i18n } = useTranslation('trial');
  const label = useLabel();
  const changes = (Array.isArray(preview.changes) ? preview.changes : Array.isArray(preview.differences) ? preview.differences : []).filter(isRow);
  return (
    <>
      {changes.length === 0 && <p className="quiet">{t('versions.noChange')}</p>}
      {changes.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={t('versions.changes')}>
          <table className="data">
            <thead><tr><th scope="col">{t('versions.where')}</th><th scope="col">{t('audit.before')}</th><th scope="col">{t('audit.after')}</th></tr></thead>
            <tbody>{changes.map((c, i) => <tr key={i}><th scope="row"><code>{String(c.path ?? c.where ?? c.what ?? '')}</code></th><td><s>{brief(c.before ?? c.old ?? c.from, i18n.language)}</s></td><td>{brief(c.after ?? c.new ?? c.to, i18n.language)}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {Object.entries(preview).filter(([k, v]) => !['changes', 'differences', 'findings', 'problems', 'possible'].includes(k) && v !== null && (typeof v !== 'object' || isTable(v) || isRow(v))).map(([k, v]) => (
        <div key={k}>{isTable(v) ? <DataTable rows={v} caption={label(k)} /> : isRow(v) ? <dl className="facts small"><div><dt>{label(k)}</dt><dd>{Object.entries(v).map(([n, x]) => `${label(n)}: ${brief(x, i18n.language)}`).join('; ') || '–'}</dd></div></dl> : <dl className="facts small"><div><dt>{label(k)}</dt><dd>{String(v)}</dd></div></dl>}</div>
      ))}
    </>
  );
}

function Amend({ done }: { done: () => void }) {
  const protocol = useProtocol();
  const current = protocol.data ? studyIn(protocol.data) : null;
  const { t } = useTranslation('trial');
  const [text, setText] = useState('');
  const [preview, setPreview] = useState<Row | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    setError(null);
    setPreview(null);
    try { setPreview(await post('/api/protocol/preview', { text })); } catch (e) { setError(e); } finally { setBusy(false); }
  };
  const faults: Json[] = [...(Array.isArray(preview?.findings) ? preview.findings : []), ...(Array.isArray(preview?.problems) ? preview.problems : [])];
  return (
    <Paper p="md" className="surface" mb="md">
      <Title order={2} mb={4}>{t('versions.amend')}</Title>
      <Text mb="sm" c="dimmed">{t('versions.amendText')}</Text>
      <Group mb="sm">
        <FileButton accept=".yaml,.yml,text/yaml" onChange={(file) => { if (file) void file.text().then((x) => { setText(x); setPreview(null); }); }}>{(props) => <Button {...props} variant="default">{t('versions.file')}</Button>}</FileButton>
        {current && <Button variant="subtle" component="a" href={`data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(current, null, 1))}`} download="protocol.json">{t('versions.download')}</Button>}
      </Group>
      <Textarea label={t('versions.text')} rows={14} resize="vertical" styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '.85rem' } }} value={text} spellCheck={false} onChange={(e) => { setText(e.currentTarget.value); setPreview(null); }} />
      <Group mt="sm"><Button onClick={() => void look()} loading={busy} disabled={text.trim() === ''}>{t('versions.preview')}</Button></Group>
      {error !== null && <Failure error={error} />}
      {preview && (
        <div data-preview>
          <Title order={3} mt="md">{t('versions.changes')}</Title>
          <Changes preview={preview} />
          {faults.length > 0 && <><p className="status wrap" data-kind="warn"><IconWarning />{t('versions.findings', { count: faults.length })}</p><ul>{faults.map((f, i) => <li key={i}>{isRow(f) ? [f.where, f.message].filter(Boolean).map(String).join(': ') : String(f)}</li>)}</ul></>}
          <Act label={t('versions.activate')} variant="filled" disabled={preview.possible === false} title={t('versions.activate')} text={t('versions.activateText')} action={t('versions.activate')} done={() => { setPreview(null); setText(''); done(); }}
            send={(v) => post('/api/protocol/activate', { text, ...v })}
            fields={[{ name: 'note', label: t('versions.note'), kind: 'area', required: true }, { name: 'password', label: t('form.passwordAgain'), kind: 'password', required: true }]} />
        </div>
      )}
    </Paper>
  );
}

export function VersionsRoom() {
  const { t } = useTranslation('trial');
  const may = useMay();
  const client = useQueryClient();
  const versions = useQuery({ queryKey: ['versions'], queryFn: () => get<Row>('/api/protocol/versions'), staleTime: 0 });
  const done = () => void client.invalidateQueries();
  return (
    <>
      <Loaded query={versions}>
        {(data) => (
          <Paper p="md" className="surface" mb="md">
            <Title order={2} mb={4}>{t('study.room.versions')}</Title>
            <div className="table-frame" tabIndex={0} role="region" aria-label={t('study.room.versions')}>
              <table className="data">
                <thead><tr><th scope="col">{t('person.version')}</th><th scope="col">{t('people.state')}</th><th scope="col">{t('versions.since')}</th><th scope="col">{t('versions.note')}</th><th scope="col">SHA-256</th></tr></thead>
                <tbody>
                  {((Array.isArray(data.versions) ? data.versions : Array.isArray(data) ? data : []) as Row[]).map((v) => (
                    <tr key={String(v.version)}><th scope="row">{String(v.version)}</th><td><Mark state={String(v.state)} /></td><td>{momentOf(String(v.activated ?? v.date ?? ''))}<div className="quiet">{String(v.by ?? '')}</div></td><td>{v.note ? String(v.note) : ''}</td><td><code title={String(v.sha256 ?? '')}>{String(v.sha256 ?? '').slice(0, 12)}…</code></td></tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Paper>
        )}
      </Loaded>
      {may('protocol.change') && <Amend done={done} />}
    </>
  );
}
