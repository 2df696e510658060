export { addModelPrice } from "./add-price.ts";
export { changeModel, changeRoles, type ModelChange, type RolesChange, rolesFor } from "./change-models.ts";
export { listModels } from "./list-models.ts";
export {
  type Candidates,
  ModelRegistry,
  type ModelWish,
  type ProviderProject,
} from "./model-registry.ts";
export { worstCasesOf } from "./necessary-room.ts";
export { requireModels } from "./require-models.ts";
export { type Retirement, raiseRetirements, retirements } from "./retirements.ts";
