// The protocol in force as pages, the same as anyone reads it in the demo.
import { Loaded } from '../shared/states';
import { studyIn, useProtocol } from '../shared/useSites';
import { described } from './fromFile';
import { Sections } from '../study/StudyPage';

export function ProtocolRoom() {
  const protocol = useProtocol();
  return <Loaded query={protocol}>{(data) => <Sections study={described(studyIn(data))} />}</Loaded>;
}
