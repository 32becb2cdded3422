// Versions of the protocol: what each changed; a new one is previewed with the records it touches before it comes into force.
import { Button, FileButton, Group, Paper, Text, Textarea, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { useMay } from '../session/session';
import type { Json, Row } from '../shared/api';
import { Act } from '../shared/Dialog';
import { isRow, said } from '../shared/format';
import { IconOk, IconWarning } from '../shared/icons';
import { Mark } from '../shared/Mark';
import { Failure, Loaded } from '../shared/states';
import { type Amendment, get, type Misfit, part, post } from '../shared/trial';
import { studyIn, useProtocol } from '../shared/useSites';
import { momentOf } from '../shared/when';

const brief = (value: Json | undefined, language: string) => (value === null || value === undefined || value === '' ? '–' : isRow(value) && !('en' in value) ? JSON.stringify(value) : said(value, language));

/** Entries whose answers would not fit, or did not. */
function Misfits({ list, caption }: { list: Misfit[]; caption: string }) {
  const { t } = useTranslation('trial');
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={caption}>
      <table className="data" data-misfits>
        <caption>{caption}</caption>
        <thead><tr><th scope="col">{t('audit.filter.subject')}</th><th scope="col">{t('deviation.visit')}</th><th scope="col">{t('versions.form')}</th><th scope="col">{t('audit.question')}</th><th scope="col">{t('audit.why')}</th></tr></thead>
        <tbody>{list.map((m, i) => <tr key={i}><th scope="row"><Link href={`/people/${part(m.subject)}/${part(m.visit)}/${part(m.form)}${m.item ? `#${m.item}` : ''}`}>{m.subject}</Link></th><td>{m.visit}</td><td>{m.form}</td><td>{m.item ?? '–'}</td><td>{m.message}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

function Touched({ preview }: { preview: Amendment }) {
  const { t, i18n } = useTranslation('trial');
  const { touched } = preview;
  return (
    <>
      {touched && <p>{touched.entries === 0 ? t('versions.touchesNone') : t('versions.touches', { entries: touched.entries, people: touched.people })}</p>}
      {touched && touched.forms.length > 0 && <ul>{touched.forms.map((f) => <li key={f.form}>{said(f.label, i18n.language)} <span className="quiet">{t('versions.entries', { count: f.entries })}</span></li>)}</ul>}
      {preview.would_move !== undefined && <p>{t('versions.would', { move: preview.would_move, stay: preview.would_stay ?? 0 })}</p>}
      {preview.misfits && preview.misfits.length > 0 && <Misfits list={preview.misfits} caption={t('versions.misfits')} />}
    </>
  );
}

function Changes({ preview }: { preview: Amendment }) {
  const { t, i18n } = useTranslation('trial');
  if (preview.changes.length === 0) return <p className="quiet">{t('versions.noChange')}</p>;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('versions.changes')}>
      <table className="data">
        <thead><tr><th scope="col">{t('versions.where')}</th><th scope="col">{t('audit.what')}</th><th scope="col">{t('audit.before')}</th><th scope="col">{t('audit.after')}</th></tr></thead>
        <tbody>{preview.changes.map((c, i) => <tr key={i}><th scope="row"><code>{c.where}</code></th><td>{t(`versions.kind.${c.kind}`)}</td><td><s>{brief(c.before as Json, i18n.language)}</s></td><td>{brief(c.after as Json, i18n.language)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

/** Entries kept under earlier versions, carried over to the one in force where they fit. */
function Migrate({ done }: { done: () => void }) {
  const { t } = useTranslation('trial');
  const [result, setResult] = useState<{ moved: number; left: Misfit[] } | null>(null);
  return (
    <Paper p="md" className="surface" mb="md">
      <Title order={2} mb={4}>{t('versions.migrate')}</Title>
      <Text mb="sm" c="dimmed" maw="60rem">{t('versions.migrateText')}</Text>
      <Act label={t('versions.migrate')} title={t('versions.migrate')} text={t('versions.migrateText')} action={t('versions.migrateDo')} send={(v) => post('/api/protocol/migrate', v)}
        done={(answer) => { setResult(answer as { moved: number; left: Misfit[] }); done(); }} fields={[{ name: 'reason', label: t('form.why'), kind: 'area', required: true }]} />
      {result && <p className="status wrap" data-kind="good" role="status" data-moved={result.moved}><IconOk />{t('versions.moved', { count: result.moved })}</p>}
      {result && result.left.length > 0 && <Misfits list={result.left} caption={t('versions.stayed')} />}
    </Paper>
  );
}

function Amend({ done }: { done: () => void }) {
  const protocol = useProtocol();
  const current = protocol.data ? studyIn(protocol.data) : null;
  const { t } = useTranslation('trial');
  const [text, setText] = useState('');
  const [preview, setPreview] = useState<Amendment | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    setError(null);
    setPreview(null);
    try { setPreview(await post<Amendment>('/api/protocol/preview', { text })); } catch (e) { setError(e); } finally { setBusy(false); }
  };
  const faults = [...(preview?.findings ?? []), ...(preview?.problems ?? [])] as Json[];
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
          <Touched preview={preview} />
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
      {may('protocol.change') && <Migrate done={done} />}
      {may('protocol.change') && <Amend done={done} />}
    </>
  );
}
