/** The known checkpoint layouts. Reference names are those of the official AST code, `ASTModel.state_dict()`. */
import { googleVit } from "./google-vit.ts";
import { huggingFaceAst, huggingFaceVit } from "./hugging-face.ts";
import type { Layout } from "./layout.ts";
import { officialAst } from "./official-ast.ts";
import { specgraph } from "./specgraph.ts";
import { timm } from "./timm.ts";

export const layouts: readonly Layout[] = [specgraph, officialAst, timm, huggingFaceAst, huggingFaceVit, googleVit];
