-- What the service stores by STOW-RS goes on to the PACS by C-STORE. What the PACS itself sent does not go back.
function OnStoredInstance(instance, tags, metadata, origin)
  local results = { SR = true, SEG = true, PR = true }
  if origin['RequestOrigin'] ~= 'DicomProtocol' and results[tags['Modality']] then
    SendToModality(instance, 'pacs')
  end
end
